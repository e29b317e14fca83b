import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const wantedEnding = /\.(md|markdown|ts|mts|js|mjs|cjs)$/;
const leftOut = new Set([".git", "dist", "artifacts", ".lovage"]);
const leastBytes = 3_000;
const mostBytes = 400_000;

/**
 * Chooses Markdown and source files of a folder and of the dependencies installed in it: always the same ones for the same files, spread over
 * all of them by a hash of their paths.
 */
export async function findFiles(root: string, count: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of (await walk(root)).toSorted(byHash)) {
    if (found.length === count) break;
    const { size } = await stat(path);
    if (size >= leastBytes && size <= mostBytes) found.push(path);
  }
  return found;
}

async function walk(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  // Links are passed over, so that a package that many others depend on is found once.
  const nested = entries
    .filter((entry) => !leftOut.has(entry.name))
    .map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return await walk(path);
      return entry.isFile() && wantedEnding.test(entry.name) ? [path] : [];
    });
  return (await Promise.all(nested)).flat();
}

function byHash(a: string, b: string): number {
  return hash(a) < hash(b) ? -1 : 1;
}

const hashes = new Map<string, string>();

function hash(path: string): string {
  let value = hashes.get(path);
  if (value === undefined) {
    value = createHash("sha1").update(path).digest("hex");
    hashes.set(path, value);
  }
  return value;
}
