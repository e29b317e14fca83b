import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import type { LedgerEntry } from "./ledger-entry.ts";

type Unstamped<Entry> = Entry extends LedgerEntry ? Omit<Entry, "pid" | "atMs"> : never;

/**
 * Appends to the ledger of a test: one file for each process, each entry one line and one synchronous write, so that what was written before a
 * SIGKILL is there after it.
 */
export class LedgerWriter {
  readonly #file: number;

  /** @param directory That of the ledger; made if need be. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#file = openSync(path.join(directory, `${process.pid}.jsonl`), "a");
  }

  write(...entries: readonly Unstamped<LedgerEntry>[]): void {
    const stamp = { pid: process.pid, atMs: Date.now() };
    writeSync(this.#file, entries.map((entry) => `${JSON.stringify({ ...entry, ...stamp })}\n`).join(""));
  }

  close(): void {
    closeSync(this.#file);
  }
}
