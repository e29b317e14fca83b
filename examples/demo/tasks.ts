import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createApp } from "lovage";
import type { FileIndex } from "./index-text.ts";
import { indexText } from "./index-text.ts";
import { Ledger } from "./ledger.ts";
import type { Report } from "./report.ts";
import { mergeIndexes } from "./report.ts";
import { BROKER_OPTIONS, readSettings } from "./settings.ts";

const { folder } = readSettings();
const ledger = new Ledger(folder);
const file = join(folder, "queue.db");

/** The app of the demo: the embedded SQLite file as broker and as backend. */
export const app = createApp({
  name: "demo",
  broker: `sqlite:${file}?${BROKER_OPTIONS}`,
  backend: `sqlite:${file}`,
});

/** Indexes one file. */
export const indexFile = app.task("demo.index", async (path: string): Promise<FileIndex> => {
  ledger.write("start", path);
  const index = indexText(await readFile(path, "utf8"));
  ledger.write("end", path);
  return index;
});

/** Runs once, when all files are indexed: makes one report of all. */
export const merge = app.task("demo.merge", (indexes: readonly FileIndex[]): Report => mergeIndexes(indexes));
