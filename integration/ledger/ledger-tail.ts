import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import path from "node:path";
import type { LedgerEntry } from "./ledger-entry.ts";

/** Reads what has been added to a ledger, and keeps nothing. */
export class LedgerTail {
  readonly #directory: string;
  /** How much of each file was read. */
  readonly #offsets = new Map<string, number>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Everything since the last time; in order within a process. */
  next(): readonly LedgerEntry[] {
    const files = existsSync(this.#directory) ? readdirSync(this.#directory) : [];
    return files.flatMap((file) => this.#readFile(path.join(this.#directory, file)));
  }

  #readFile(file: string): readonly LedgerEntry[] {
    const offset = this.#offsets.get(file) ?? 0;
    const bytes = readFrom(file, offset);
    // The last line may still be being written.
    const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
    this.#offsets.set(file, offset + whole.length);
    const lines = whole.toString().split("\n");
    return lines.flatMap((line) => (line === "" ? [] : [JSON.parse(line) as LedgerEntry]));
  }
}

function readFrom(file: string, offset: number): Buffer {
  const handle = openSync(file, "r");
  try {
    const bytes = Buffer.allocUnsafe(Math.max(0, fstatSync(handle).size - offset));
    return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(handle);
  }
}
