import { ExpiringMap } from "./expiring-map.ts";
import { readCursor } from "./read-cursor.ts";
import { isStickyState } from "./result-state.ts";
import { ResultWatchers } from "./result-watchers.ts";
import type {
  Fence,
  PutOutcome,
  ResultPut,
  ResultRecord,
  ResultWatch,
  Revocations,
  RevocationsOptions,
} from "./results.ts";

/** What bounds a {@link ResultKeeper}. */
export interface ResultKeeperLimits {
  /** Bytes that all documents may have together; the record that has been there for longest goes first. @default no limit */
  readonly maxBytes?: number;
  /** Told of each record that had to go. */
  readonly onDropped?: (taskId: string) => void;
}

/** Entries that one sweep looks at: less than a millisecond. */
const looksPerSweep = 2_000;
/** What a record costs beside its document, about. */
const recordBytes = 500;

/**
 * Results in the memory of this process, by the rules of the contract: for backends that keep them there, or to which they come by message. Time is
 * the caller's.
 */
export class ResultKeeper {
  readonly #limits: ResultKeeperLimits;
  readonly #records = new ExpiringMap<ResultRecord>(({ document }) => recordBytes + document.length);
  /** The number of each revoked task's last revocation, in their order. */
  readonly #revoked = new Map<string, number>();
  readonly #watchers = new ResultWatchers();
  #revocations = 0;

  constructor(limits: ResultKeeperLimits = {}) {
    this.#limits = limits;
  }

  /** Stores a record and tells those who watch it, or refuses it; see `Results.put`. */
  put(put: ResultPut, nowMs: number): PutOutcome {
    const { taskId, state, document, fence } = put;
    const there = this.#records.get(taskId, nowMs);
    const outcome = there === undefined ? "stored" : compare(there, put);
    if (outcome !== "stored") return outcome;
    if (state === "REVOKED" && there?.state !== "REVOKED") {
      // Deleted first: one that was forgotten or has expired takes its new place, at the end.
      this.#revoked.delete(taskId);
      this.#revocations += 1;
      this.#revoked.set(taskId, this.#revocations);
    }
    this.#records.set(taskId, { taskId, state, document, fence }, nowMs + put.expiresInMs);
    this.#keepBound();
    this.#watchers.announce(taskId);
    return outcome;
  }

  get(taskId: string, nowMs: number): ResultRecord | undefined {
    return this.#records.get(taskId, nowMs);
  }

  /** See `Results.watch`. @param now The time when something is told. */
  watch(taskIds: readonly string[], listener: (record: ResultRecord) => void, now: () => number): ResultWatch {
    return this.#watchers.add({ taskIds, read: (taskId) => this.get(taskId, now()), listener });
  }

  forget(taskId: string): void {
    this.#records.delete(taskId);
  }

  /** See `Results.revocations`. */
  revocations({ after, limit = 10_000 }: RevocationsOptions, nowMs: number): Revocations {
    const taskIds: string[] = [];
    let cursor = readCursor(after);
    for (const [taskId, number] of this.#revoked) {
      if (taskIds.length >= limit) break;
      if (number <= cursor) continue;
      cursor = number;
      if (this.get(taskId, nowMs)?.state === "REVOKED") taskIds.push(taskId);
    }
    return { taskIds, cursor: String(cursor) };
  }

  /** Removes some of what has expired; returns how much. */
  sweep(nowMs: number): number {
    const removed = this.#records.sweep(nowMs, looksPerSweep);
    let looks = 0;
    // The oldest ones only: they expire first, or else their turn comes later.
    for (const taskId of this.#revoked.keys()) {
      if (this.get(taskId, nowMs)?.state !== "REVOKED") this.#revoked.delete(taskId);
      looks += 1;
      if (looks >= looksPerSweep) break;
    }
    return removed;
  }

  #keepBound(): void {
    const { maxBytes = Infinity, onDropped } = this.#limits;
    while (this.#records.weight > maxBytes) {
      const dropped = this.#records.deleteOldest();
      if (dropped !== undefined) onDropped?.(dropped);
    }
  }
}

/** What becomes of a record beside the one that is there. */
function compare(there: ResultRecord, put: ResultPut): PutOutcome {
  if (isStickyState(there.state)) return isSame(there, put) ? "stored" : "final";
  return put.fence !== null && there.fence !== null && isNewer(there.fence, put.fence) ? "stale" : "stored";
}

/** The writer repeats itself, because the answer to its first call was lost. */
function isSame(there: ResultRecord, put: ResultPut): boolean {
  return (
    there.state === put.state &&
    there.document === put.document &&
    there.fence?.[0] === put.fence?.[0] &&
    there.fence?.[1] === put.fence?.[1]
  );
}

function isNewer(one: Fence, other: Fence): boolean {
  return one[0] === other[0] ? one[1] > other[1] : one[0] > other[0];
}
