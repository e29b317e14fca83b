import { accessSync, constants, globSync } from "node:fs";
import path from "node:path";
import process from "node:process";

/**
 * Finds a program that is installed here.
 * @param name Its name.
 * @param folders Where it may be beside the PATH, and is looked for first; a `*` stands for a version, the highest wins.
 * @returns its full path
 * @throws Error when it is not there, saying where it was looked for
 */
export function findProgram(name: string, folders: readonly string[] = []): string {
  const onPath = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  const byVersion = new Intl.Collator("en", { numeric: true });
  const versioned = folders.flatMap((folder) => globSync(folder).toSorted((a, b) => byVersion.compare(b, a)));
  const found = [...versioned, ...onPath].map((folder) => path.join(folder, name)).find(isExecutable);
  if (found === undefined) throw new Error(`${name} is not installed (looked in ${[...folders, "PATH"].join(", ")}).`);
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // It is not there, or not ours to run: the next folder is tried.
    return false;
  }
}
