import type { MissedPolicy, OverlapPolicy, ScheduledCallOptions } from "../definition/schedule-options.ts";
import type { ScheduleDefinition } from "../definition/schedule-definition.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { nextTick } from "../tick/plan-ticks.ts";
import type { ScheduleProgress } from "../tick/plan-ticks.ts";

/** A schedule as `app.schedules` shows it. */
export interface ScheduleEntry {
  readonly name: string;
  /** Name of the task. */
  readonly task: string;
  readonly schedule: Schedule;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>> | undefined;
  readonly options: ScheduledCallOptions;
  /** `code`: of `app.schedule` or the configuration, and changed there. `store`: of `app.schedules.set`. */
  readonly source: "code" | "store";
  readonly isPaused: boolean;
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  readonly jitterMs: number;
  readonly start: Date | undefined;
  readonly end: Date | undefined;
  readonly maxRuns: number | undefined;
  /** Ticks published so far. */
  readonly runs: number;
  /** Instant of the latest of them. */
  readonly lastRunAt: Date | undefined;
  /** Instant of the next one, in the past if it is overdue; `undefined`: paused, or there is none any more. */
  readonly nextRunAt: Date | undefined;
}

/** What an entry is made of. */
export interface EntryParts {
  readonly definition: ScheduleDefinition;
  readonly source: "code" | "store";
  readonly isPaused: boolean;
  readonly progress: ScheduleProgress;
  readonly lastRunAtMs: number | undefined;
}

/** A schedule as users see it. */
export function toEntry({ definition, source, isPaused, progress, lastRunAtMs }: EntryParts): ScheduleEntry {
  const { startMs, endMs, ...rest } = definition;
  const nextAtMs = isPaused ? undefined : nextTick(definition, progress);
  return {
    ...rest,
    source,
    isPaused,
    start: toDate(startMs),
    end: toDate(endMs),
    runs: progress.runs,
    lastRunAt: toDate(lastRunAtMs),
    nextRunAt: toDate(nextAtMs),
  };
}

/** The next so many ticks. */
export function nextTicks(
  definition: ScheduleDefinition,
  progress: ScheduleProgress,
  count: number,
): readonly number[] {
  const found: number[] = [];
  let { doneMs, runs } = progress;
  while (found.length < count) {
    const atMs = nextTick(definition, { doneMs, runs });
    if (atMs === undefined) break;
    found.push(atMs);
    doneMs = atMs;
    runs += 1;
  }
  return found;
}

function toDate(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
