import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { LedgerEntry } from "./ledger-entry.ts";

/** Reads the ledger of a test while it grows. */
export class LedgerReader {
  readonly #directory: string;
  /** How much of each file was read. */
  readonly #offsets = new Map<string, number>();
  readonly #entries: LedgerEntry[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Everything so far; in order within a process. */
  read(): readonly LedgerEntry[] {
    const files = existsSync(this.#directory) ? readdirSync(this.#directory) : [];
    for (const file of files) this.#readFile(path.join(this.#directory, file));
    return this.#entries;
  }

  #readFile(file: string): void {
    const offset = this.#offsets.get(file) ?? 0;
    const text = readFileSync(file).subarray(offset).toString();
    // The last line may still be being written.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    this.#offsets.set(file, offset + Buffer.byteLength(whole));
    for (const line of whole.split("\n")) if (line !== "") this.#entries.push(JSON.parse(line) as LedgerEntry);
  }
}
