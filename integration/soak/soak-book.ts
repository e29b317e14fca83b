import type { LedgerEntry } from "../ledger/ledger-entry.ts";

interface Account {
  isAccepted: boolean;
  starts: number;
  ends: number;
  changedAtMs: number;
}

/** So long after its end a task could still run again: far longer than any lease here. */
const keptMs = 120_000;

/** Counts what a ledger of any length says, with the memory of the last minutes alone. */
export class SoakBook {
  accepted = 0;
  /** Starts beyond the first of each task. */
  doubled = 0;
  /** Those among them whose run before had not finished. */
  interrupted = 0;
  readonly #accounts = new Map<string, Account>();

  /** Accepted, and not finished by a handler. */
  get open(): readonly string[] {
    return [...this.#accounts].filter(([, { isAccepted, ends }]) => isAccepted && ends === 0).map(([taskId]) => taskId);
  }

  add(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) this.#addOne(entry);
    const newestMs = entries.at(-1)?.atMs ?? 0;
    for (const [taskId, { isAccepted, ends, changedAtMs }] of this.#accounts) {
      if (isAccepted && ends > 0 && newestMs - changedAtMs > keptMs) this.#accounts.delete(taskId);
    }
  }

  #addOne({ kind, taskId, atMs }: LedgerEntry): void {
    const account = this.#accounts.get(taskId) ?? { isAccepted: false, starts: 0, ends: 0, changedAtMs: atMs };
    this.#accounts.set(taskId, account);
    account.changedAtMs = atMs;
    if (kind === "accepted") {
      this.accepted += 1;
      account.isAccepted = true;
    } else if (kind === "finished") {
      account.ends += 1;
    } else if (kind === "started") {
      if (account.starts > 0) this.doubled += 1;
      if (account.starts > account.ends) this.interrupted += 1;
      account.starts += 1;
    }
  }
}
