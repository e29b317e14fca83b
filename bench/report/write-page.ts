import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { picturesFolder } from "./benchmarks-page.ts";
import type { BenchmarksPage } from "./benchmarks-page.ts";

/** Writes the page, and its pictures in place of those of before. */
export async function writePage(file: string, { markdown, pictures }: BenchmarksPage): Promise<void> {
  const folder = join(dirname(file), picturesFolder);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, picture] of pictures) await writeFile(join(folder, name), picture);
  await writeFile(file, markdown);
}
