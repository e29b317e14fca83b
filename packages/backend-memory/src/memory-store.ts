import type { StoredSchedule } from "@lovage/backend";
import { ExpiringMap, ResultKeeper } from "@lovage/backend";
import type { StoredJoin } from "./stored-join.ts";
import type { Places } from "./places.ts";

/** Entries that one sweep looks at in each map: about a millisecond. */
const looksPerSweep = 2_000;

/** What the backends opened under one name share. */
export class MemoryStore {
  readonly results: ResultKeeper = new ResultKeeper();
  readonly joins: ExpiringMap<StoredJoin> = new ExpiringMap<StoredJoin>();
  readonly places: ExpiringMap<Places> = new ExpiringMap<Places>();
  /** Until when each bucket is booked out: an instant that advances with every token. */
  readonly bookedUntilMs: ExpiringMap<number> = new ExpiringMap<number>();
  /** Owners of unique keys. */
  readonly owners: ExpiringMap<string> = new ExpiringMap<string>();
  readonly schedules: Map<string, StoredSchedule> = new Map<string, StoredSchedule>();
  readonly runs: ExpiringMap<true> = new ExpiringMap<true>();
  #lastNumber = 0;

  /** Larger than all given out before, for fences. */
  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** Removes some of what has expired; returns how much. */
  sweep(nowMs: number): number {
    const maps = [this.joins, this.places, this.bookedUntilMs, this.owners, this.runs];
    const removed = maps.map((map) => map.sweep(nowMs, looksPerSweep)).reduce((sum, count) => sum + count, 0);
    return removed + this.results.sweep(nowMs);
  }
}
