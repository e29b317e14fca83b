import type { LedgerEntry } from "./ledger-entry.ts";
import { LedgerTail } from "./ledger-tail.ts";

/** Reads the ledger of a test while it grows. */
export class LedgerReader {
  readonly #tail: LedgerTail;
  readonly #entries: LedgerEntry[] = [];

  constructor(directory: string) {
    this.#tail = new LedgerTail(directory);
  }

  /** Everything so far; in order within a process. */
  read(): readonly LedgerEntry[] {
    for (const entry of this.#tail.next()) this.#entries.push(entry);
    return this.#entries;
  }
}
