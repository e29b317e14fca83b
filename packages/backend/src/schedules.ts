/** A stored schedule. */
export interface StoredSchedule {
  readonly scheduleId: string;
  /** What to run and when, JSON text. Backends carry it unread. */
  readonly document: string;
  /** Grows with each change, from 1. */
  readonly version: number;
  /** Instant of the latest recorded run. */
  readonly lastRunAtMs?: number;
  /** Recorded runs so far. */
  readonly runs: number;
}

/** A change of a schedule. */
export interface ScheduleChange {
  readonly scheduleId: string;
  readonly document: string;
  /** Change only if the version there is this one (0: only if there is none). @default whatever is there */
  readonly ifVersion?: number;
}

/** A run that is about to be published. */
export interface ScheduleRun {
  readonly scheduleId: string;
  /** The instant the schedule named, not the moment it is published. */
  readonly instantMs: number;
  /** How long the run is remembered. */
  readonly expiresInMs: number;
}

/**
 * Schedules kept in a store and shared by many beats. All throw `BACKEND_UNAVAILABLE`, and `OPTION_INVALID` before any I/O (`checkedSchedules`) for an id
 * that is empty or has a zero character (U+0000).
 */
export interface Schedules {
  /** All of them, in order of id. */
  list(): Promise<readonly StoredSchedule[]>;
  /** Adds or changes one; runs recorded before stay. `undefined`: `ifVersion` did not hold, nothing changed. */
  upsert(change: ScheduleChange): Promise<StoredSchedule | undefined>;
  /** Idempotent. */
  remove(scheduleId: string): Promise<void>;
  /** `true` to the first who records this instant of this schedule, `false` to all others ever after. Works for schedules that only code knows. */
  recordRun(run: ScheduleRun): Promise<boolean>;
}
