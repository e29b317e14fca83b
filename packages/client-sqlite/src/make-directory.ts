import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory and those above it. Idempotent, also beside other programs.
 *
 * Not Node's own recursive `mkdir`: it never returns where a file system answers "no such file" for a directory that cannot be made (`/proc` does).
 * @throws what `mkdir` throws
 */
export function makeDirectory(directory: string): void {
  const parent = dirname(directory);
  if (parent !== directory) makeDirectory(parent);
  if (isDirectory(directory)) return;
  try {
    mkdirSync(directory);
  } catch (error) {
    // Another program may have been faster.
    if (!isDirectory(directory)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
