import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keepJson } from "../../integration/figures/keep-json.ts";
import { addSitting } from "./add-sitting.ts";
import type { Sitting } from "./sitting.ts";

const folder = fileURLToPath(new URL("../results/", import.meta.url));

// The sittings of a case, one of them, its results: each of these is a line.
const levels = 3;

/** Keeps a sitting beside those of other runs of the bench, in a file for each case; see {@link addSitting}. */
export function keepSitting(sitting: Sitting, inFolder: string = folder): void {
  const file = join(inFolder, `${sitting.case}.json`);
  keepJson(file, addSitting(readFile(file), sitting), levels);
}

/** All that are kept, the newest first. */
export function readSittings(inFolder: string = folder): readonly Sitting[] {
  const files = globSync("*.json", { cwd: inFolder }).toSorted();
  const sittings = files.flatMap((file) => readFile(join(inFolder, file)));
  return sittings.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
}

function readFile(file: string): readonly Sitting[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as readonly Sitting[]) : [];
}
