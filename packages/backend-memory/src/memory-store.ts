import type { ResultRecord, StoredSchedule } from "@lovage/backend";
import { ExpiringMap } from "./expiring-map.ts";
import type { StoredJoin } from "./stored-join.ts";
import type { Places } from "./places.ts";
import { Watchers } from "./watchers.ts";

/** Entries that one sweep looks at in each map: about a millisecond. */
const looksPerSweep = 2_000;

/** What the backends opened under one name share. */
export class MemoryStore {
  readonly results: ExpiringMap<ResultRecord> = new ExpiringMap<ResultRecord>();
  /** Ids of revoked tasks by the number of the revocation, in its order. */
  readonly revoked: Map<number, string> = new Map<number, string>();
  readonly watchers: Watchers = new Watchers();
  readonly joins: ExpiringMap<StoredJoin> = new ExpiringMap<StoredJoin>();
  readonly places: ExpiringMap<Places> = new ExpiringMap<Places>();
  /** Until when each bucket is booked out: an instant that advances with every token. */
  readonly bookedUntilMs: ExpiringMap<number> = new ExpiringMap<number>();
  /** Owners of unique keys. */
  readonly owners: ExpiringMap<string> = new ExpiringMap<string>();
  readonly schedules: Map<string, StoredSchedule> = new Map<string, StoredSchedule>();
  readonly runs: ExpiringMap<true> = new ExpiringMap<true>();
  #lastNumber = 0;

  /** Larger than all given out before: for fences and for the order of revocations. */
  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** Removes some of what has expired; returns how much. */
  sweep(nowMs: number): number {
    const maps = [this.results, this.joins, this.places, this.bookedUntilMs, this.owners, this.runs];
    const removed = maps.map((map) => map.sweep(nowMs, looksPerSweep)).reduce((sum, count) => sum + count, 0);
    this.#sweepRevoked(nowMs);
    return removed;
  }

  /** The oldest ones only: they expire first, or else their turn comes later. */
  #sweepRevoked(nowMs: number): void {
    let looks = 0;
    for (const [number, taskId] of this.revoked) {
      if (this.results.get(taskId, nowMs)?.state !== "REVOKED") this.revoked.delete(number);
      looks += 1;
      if (looks >= looksPerSweep) break;
    }
  }
}
