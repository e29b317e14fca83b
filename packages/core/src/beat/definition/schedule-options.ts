import type { Duration } from "@lovage/foundation";
import type { AnyTask } from "../../app/any-task.ts";
import type { CallOptions } from "../../app/call-options.ts";
import type { Schedule } from "../schedule/schedule.ts";

/**
 * What becomes of ticks that came while no beat was there (more than 30 s late): none of them is run, or the latest, or the latest so many,
 * at most 1 000. A shorter pause, such as that of a take-over, leaves out none.
 */
export type MissedPolicy = "skip" | "latest" | { readonly all: number };

/**
 * What becomes of a tick while the run of the one before goes on.
 *
 * | policy | the tick |
 * |---|---|
 * | `allow` | runs beside it |
 * | `skip` | is left out |
 * | `queue` | runs after it; of several that wait, the latest |
 * | `cancel` | runs, and the other is cancelled |
 *
 * All but `allow` need results. A run that has no result a day after its tick counts as ended.
 */
export type OverlapPolicy = "allow" | "skip" | "queue" | "cancel";

/** Options of the calls of a schedule; as those of `applyAsync`. */
export type ScheduledCallOptions = Pick<
  CallOptions,
  "queue" | "priority" | "headers" | "ignoreResult" | "timeLimit" | "softTimeLimit" | "key" | "shadow"
> & {
  /** The call is dropped when it has not started this long after it was published, and its jitter was over. */
  readonly expires?: Duration | undefined;
};

/** How a schedule behaves. */
export interface SchedulePolicies {
  /** @default "latest" */
  readonly missed?: MissedPolicy | undefined;
  /** @default "allow" */
  readonly overlap?: OverlapPolicy | undefined;
  /** Each tick is put off by up to this long, always by the same: for schedules that would all start at once. @default 0 */
  readonly jitter?: Duration | undefined;
  /** No tick before this instant. */
  readonly start?: Date | undefined;
  /** No tick after this instant. */
  readonly end?: Date | undefined;
  /** So many ticks in all. */
  readonly maxRuns?: number | undefined;
}

/** The arguments of a task's calls; none that could be given where only `AnyTask` is known. */
export type ArgsOf<T> = T extends { delay(...args: infer Args extends readonly unknown[]): unknown }
  ? [Args] extends [never]
    ? never[]
    : Args
  : never;

type Keywords = Readonly<Record<string, unknown>>;

/** Arguments must be given where the task has some that are not optional; keyword arguments may stand for them. */
export type ScheduledArguments<T> = T extends string
  ? { readonly args?: readonly unknown[]; readonly kwargs?: Keywords }
  : [] extends ArgsOf<T>
    ? { readonly args?: Readonly<ArgsOf<T>>; readonly kwargs?: Keywords }
    :
        | { readonly args: Readonly<ArgsOf<T>>; readonly kwargs?: undefined }
        | { readonly args?: Readonly<Partial<ArgsOf<T>>>; readonly kwargs: Keywords };

/** What to run and when. `T`: the task, or (where types do not matter, as in a file) its name. */
export type ScheduleOptions<T extends AnyTask | string = string> = SchedulePolicies &
  ScheduledArguments<T> & {
    readonly task: T;
    /** Made by `crontab`, `every`, `solar` or `at`. */
    readonly schedule: Schedule;
    readonly options?: ScheduledCallOptions | undefined;
  };
