import type { Clock } from "@lovage/foundation";
import { systemClock } from "@lovage/foundation";

/** A clock whose instants stand still until they are moved on, while waiting takes real time. */
export interface StoreClock extends Clock {
  /** Moves `now()` on. */
  advance(ms: number): void;
}

/**
 * The clock for stores that take the time of their records from the clock they are opened with: expiry comes when a case says so, never because a
 * machine is slow; what the driver waits for (a lock, a reconnect) still takes real time.
 */
export function storeClock(nowMs: number = Date.UTC(2026, 0, 1)): StoreClock {
  let atMs = nowMs;
  return {
    ...systemClock,
    now: () => atMs,
    advance: (ms) => {
      atMs += ms;
    },
  };
}
