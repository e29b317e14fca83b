import { hasCode } from "@lovage/foundation";
import type { ScheduleDefinition } from "../definition/schedule-definition.ts";
import type { MissedPolicy } from "../definition/schedule-options.ts";

/** How far a schedule has come. */
export interface ScheduleProgress {
  /** Ticks up to this instant are done with. */
  readonly doneMs: number;
  /** Ticks published so far. */
  readonly runs: number;
}

/** What is to be done for a schedule now. */
export interface TickPlan {
  /** Instants to publish, in order. */
  readonly instants: readonly number[];
  /** Ticks up to this instant are passed over, none of them published. */
  readonly skippedToMs?: number;
}

/** When ticks are looked for. */
export interface PlanTime {
  readonly nowMs: number;
  /** A tick that is later than this was missed: no beat was there. Shorter delays are those of a take-over. */
  readonly missedAfterMs: number;
  /** A beat was there and could not publish: of what is late meanwhile, one at least is made up for. */
  readonly wasTried: boolean;
}

type Timing = Pick<ScheduleDefinition, "schedule" | "startMs" | "endMs" | "maxRuns" | "missed" | "overlap">;

/** The ticks that are due. If the oldest of them was missed, the policy says how many are made up for; else none is left out. */
export function planTicks(timing: Timing, progress: ScheduleProgress, time: PlanTime): TickPlan {
  const { nowMs, missedAfterMs, wasTried } = time;
  const { missed, overlap, endMs = Infinity, maxRuns = Infinity } = timing;
  const left = Math.max(0, maxRuns - progress.runs);
  const untilMs = Math.min(nowMs, endMs);
  const firstMs = nextTick(timing, progress);
  if (firstMs === undefined || firstMs > untilMs) return { instants: [] };
  const isMissed = firstMs < nowMs - missedAfterMs;
  if (isMissed && missed === "skip" && !wasTried) return { instants: [], skippedToMs: untilMs };
  const wanted = isMissed ? countOf(missed) : Infinity;
  // Of those that wait for the same run to end, one is enough.
  const most = Math.min(overlap === "queue" ? 1 : wanted, left);
  return { instants: lastTicks(timing, [firstMs, untilMs], most) };
}

/** The next tick of a schedule, in the past if it is overdue; `undefined`: there is none any more, or none within 8 years. */
export function nextTick(timing: Timing, { doneMs, runs }: ScheduleProgress): number | undefined {
  const { schedule, startMs = -Infinity, endMs = Infinity, maxRuns = Infinity } = timing;
  if (runs >= maxRuns) return undefined;
  const next = nextInstant(schedule, Math.max(doneMs, startMs - 1));
  return next === undefined || next > endMs ? undefined : next;
}

function nextInstant(schedule: Timing["schedule"], afterMs: number): number | undefined {
  try {
    return schedule.next(afterMs);
  } catch (error) {
    if (!hasCode(error, "SCHEDULE_HORIZON")) throw error;
    return undefined;
  }
}

function countOf(missed: MissedPolicy): number {
  return typeof missed === "object" ? missed.all : 1;
}

/** The last so many ticks of a span, both of its ends included. */
function lastTicks({ schedule }: Timing, [fromMs, toMs]: readonly [number, number], most: number): readonly number[] {
  const found: number[] = [];
  let atMs = schedule.previous(toMs + 1);
  while (atMs !== undefined && atMs >= fromMs && found.length < most) {
    found.unshift(atMs);
    atMs = atMs > fromMs ? schedule.previous(atMs) : undefined;
  }
  return found;
}
