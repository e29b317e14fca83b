import type { AnyTask } from "../../app/any-task.ts";
import type { AsyncResult } from "../../result/async-result.ts";
import type { ScheduleOptions } from "../definition/schedule-options.ts";
import type { ScheduleEntry } from "./schedule-entry.ts";

/**
 * The schedules of an app: those of its code, and those that were put into the store of its backend. Changes are seen by the beat with the next tick,
 * at most 5 s later. All reject with FEATURE_UNSUPPORTED without a backend that keeps schedules, with BACKEND_UNAVAILABLE, and with NAME_INVALID for what can be no schedule's name.
 */
export interface ScheduleBook {
  /** All of them, in order of their names. */
  list(): Promise<readonly ScheduleEntry[]>;
  /** One of them; `undefined` if there is none. */
  get(name: string): Promise<ScheduleEntry | undefined>;
  /**
   * Adds a schedule to the store, or changes the one there; a paused one stays paused. If it comes at other times than before, its ticks count
   * from now.
   * @throws OPTION_INVALID, NAME_INVALID; OPTION_INVALID for one of the code, which is changed there; PAYLOAD_ENCODE
   */
  set<T extends AnyTask | string>(name: string, options: ScheduleOptions<T>): Promise<void>;
  /** No more ticks until `resume`. @throws SCHEDULE_NOT_FOUND */
  pause(name: string): Promise<void>;
  /** Goes on. What came in between is not made up for. @throws SCHEDULE_NOT_FOUND */
  resume(name: string): Promise<void>;
  /** Removes a schedule from the store. @throws SCHEDULE_NOT_FOUND; OPTION_INVALID for one of the code, which is removed there */
  remove(name: string): Promise<void>;
  /** Sends its call now, beside its ticks. @throws SCHEDULE_NOT_FOUND, and what `applyAsync` throws */
  run(name: string): Promise<AsyncResult<unknown>>;
  /** Its next instants, paused or not. @throws SCHEDULE_NOT_FOUND, OPTION_INVALID (a count from 1 to 1 000) */
  next(name: string, count?: number): Promise<readonly Date[]>;
}
