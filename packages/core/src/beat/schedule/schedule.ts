import type { ScheduleSpec } from "./schedule-spec.ts";

/**
 * When something is due: a set of instants. Immutable, and the same in every process, so that an instant names a tick wherever it is computed.
 * Made by `crontab`, `every`, `at` and `solar`. Instants are Unix milliseconds.
 */
export interface Schedule {
  /**
   * The first instant after this one; `undefined` when there is none any more.
   * @throws SCHEDULE_HORIZON when there is none within 8 years
   */
  next(afterMs: number): number | undefined;
  /**
   * The last instant before this one; `undefined` when there is none.
   * @throws SCHEDULE_HORIZON when there is none within 8 years
   */
  previous(beforeMs: number): number | undefined;
  /** The schedule as data, for stores and files. */
  toJSON(): ScheduleSpec;
  /** The schedule in a few words, for people. */
  toString(): string;
}
