import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** What `main.ts` tells the worker processes through their environment. */
export interface DemoSettings {
  /** Folder of this run: the queue's file and the ledger. Removed at the end. */
  readonly folder: string;
  /** How many files to index. */
  readonly fileCount: number;
}

/** Name of the variable that holds the folder of the run. */
export const FOLDER_VARIABLE = "DEMO_FOLDER";

/** Name of the variable that says how many files to index. */
export const COUNT_VARIABLE = "DEMO_FILES";

/**
 * The lease is shorter than the default of 30 s, so that the tasks of the killed worker run again while you watch.
 */
export const BROKER_OPTIONS = "lease=5s&sweep=1s";

/** Reads the settings, with a new folder where none is given. */
export function readSettings(): DemoSettings {
  const folder = process.env[FOLDER_VARIABLE] ?? join(tmpdir(), `lovage-demo-${process.pid}`);
  return { folder, fileCount: Number(process.env[COUNT_VARIABLE] ?? 1_000) };
}
