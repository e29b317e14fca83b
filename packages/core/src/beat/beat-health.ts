import type { Verdict } from "../worker/worker-health.ts";
import type { SessionFacts } from "./leader/beat-session.ts";

/** What a beat does. */
export type BeatState = "idle" | "starting" | "running" | "stopping" | "stopped";

/** How a beat is. */
export interface BeatHealth {
  readonly state: BeatState;
  /** Whether it works at all; a supervisor restarts one that does not. */
  readonly live: Verdict;
  /** Whether it leads, or would take over. */
  readonly ready: Verdict;
  readonly isLeader: boolean;
  /** Schedules that are not paused; 0 for a beat that has not led. */
  readonly schedules: number;
  /** Unix ms; `undefined`: none since it was started. */
  readonly lastTickAtMs: number | undefined;
  /** Unix ms; `undefined`: none is to come, or it does not lead. */
  readonly nextTickAtMs: number | undefined;
}

/** What the verdicts are made of. */
export interface BeatFacts {
  readonly state: BeatState;
  readonly session: SessionFacts | undefined;
  readonly lastTickAtMs: number | undefined;
  /** By the monotonic clock. */
  readonly nowMs: number;
}

/** Longer than any healthy round. */
const stuckAfterMs = 60_000;

/** The health that the facts tell. */
export function judgeBeat(facts: BeatFacts): BeatHealth {
  const { state, session = nothingYet, lastTickAtMs } = facts;
  const { isLeader, schedules, nextTickAtMs, isFailing } = session;
  return {
    state,
    live: verdict([state === "stopped" && "the beat has stopped", stuckReason(facts)]),
    ready: verdict([
      state !== "running" && `the beat is ${state}`,
      isFailing && "the broker or the backend cannot be reached",
    ]),
    isLeader,
    schedules,
    lastTickAtMs,
    nextTickAtMs: isLeader ? nextTickAtMs : undefined,
  };
}

const nothingYet = { isLeader: false, schedules: 0, nextTickAtMs: undefined, isFailing: false } as const;

/** One that tries again and again is not stuck: a restart would not help it. */
function stuckReason({ state, session, nowMs }: BeatFacts): string | false {
  if (state !== "running" || session === undefined || session.isFailing) return false;
  const sinceMs = nowMs - session.roundDueAtMs;
  return sinceMs > stuckAfterMs && `no round was finished for ${Math.round(sinceMs / 1_000)} s`;
}

function verdict(reasons: readonly (string | false)[]): Verdict {
  const told = reasons.filter((reason) => reason !== false);
  return { ok: told.length === 0, reasons: told };
}
