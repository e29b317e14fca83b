import type { Backend, Coordination } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import type { RateLimit } from "../../app/rate-limit.ts";
import { keepTrying, unwanted } from "../run/keep-trying.ts";
import type { Retrying } from "../run/keep-trying.ts";
import type { Outcome } from "../run/outcome.ts";
import type { KeptMarks } from "../run/kept-marks.ts";
import { markOf, turnMark } from "../run/task-marks.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What taking a turn takes. */
export interface TurnParts {
  readonly clock: Clock;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** What is asked of the backend again. */
  readonly retrying?: Retrying;
  readonly backend: Backend | undefined;
  readonly keptMarks: KeptMarks;
  readonly random: () => number;
}

/** What comes so late has not missed its turn: brokers deliver up to 1.1 s late. */
const graceMs = 2_000;
/** Within so long one look at those that missed theirs is enough. */
const longestLookMs = 60_000;
/** Brokers that keep the place of what waits hide it for whole seconds. */
const shortestHiddenMs = 1_000;
/** Keys of shorter intervals are not told apart. */
const shortestKeyMs = 100;

/** Whether the call may not start before the backend has been asked: it has no turn yet, or has missed it. */
export function needsTurn(run: TaskRun, clock: Clock): boolean {
  const limit = run.definition?.options.rateLimit;
  if (limit === undefined) return false;
  const turnAtMs = markOf(run, turnMark);
  return turnAtMs === undefined || clock.now() - turnAtMs > Math.max(graceMs, limit.perMs / limit.tokens);
}

/** Gives the call its turn under the limit of its task; without one, it may start. */
export async function takeTurn(run: TaskRun, parts: TurnParts): Promise<Outcome | undefined> {
  const coordination = parts.backend?.coordination;
  const limit = run.definition?.options.rateLimit;
  if (coordination === undefined || limit === undefined) return undefined;
  const turnAtMs = markOf(run, turnMark);
  const turn = { run, limit, coordination };
  return turnAtMs === undefined ? reserveTurn(turn, parts) : makeUpTurn(turn, parts, parts.clock.now() - turnAtMs);
}

interface Turn {
  readonly run: TaskRun;
  readonly limit: RateLimit;
  readonly coordination: Coordination;
}

/** Turns follow each other evenly: no more calls than the limit in any stretch of its length. */
async function reserveTurn({ run, limit, coordination }: Turn, parts: TurnParts): Promise<Outcome | undefined> {
  // A bucket for each limit: turns that were reserved under a lower one, hours ahead perhaps, do not hold up those of a new release.
  const request = { name: `rate:${nameOf(run, limit)}`, ...limit, burst: 1 };
  const turn = await keepTrying(() => coordination.reserve(request), { ...parts, isWanted: () => !run.isLost });
  if (turn === unwanted) return { kind: "dropped", why: "its lease was lost" };
  if (turn.inMs <= 0) return undefined;
  const delayMs = Math.ceil(turn.inMs);
  // The next of its key wait behind it, and would be fetched once more with it.
  if (delayMs <= shortestHiddenMs && parts.keptMarks.areFor(run)) return waitHere(delayMs, parts);
  return { kind: "postponed", delayMs, mark: { [turnMark]: parts.clock.now() + delayMs } };
}

async function waitHere(delayMs: number, { clock, signal }: TurnParts): Promise<Outcome | undefined> {
  try {
    await clock.sleep(delayMs, { signal });
    return undefined;
  } catch (error) {
    if (!signal.aborted) throw error;
    return { kind: "dropped", why: "its worker has stopped" };
  }
}

/**
 * Those that missed their turns, since no worker was there or none had a slot, are made up for at the pace of the limit, whoever comes first. Another turn, behind all those that are reserved,
 * could be missed likewise: behind a backlog none would ever run. What has to wait is given back as it is, and keeps its losses. Where each look is counted, what is not made up for has a turn of
 * its own all the same, so that looks are few: one in each interval runs, however late.
 */
async function makeUpTurn(
  { run, limit, coordination }: Turn,
  parts: TurnParts,
  lateMs: number,
): Promise<Outcome | undefined> {
  const intervalMs = limit.perMs / limit.tokens;
  const keys = Math.max(1, Math.floor(shortestKeyMs / intervalMs));
  const key = `late:${nameOf(run, limit)}:${Math.floor(parts.random() * keys)}`;
  const owner = run.delivery.token;
  const request = { key, owner, expiresInMs: Math.ceil(intervalMs * keys) };
  const taken = await keepTrying(() => coordination.claimKey(request), { ...parts, isWanted: () => !run.isLost });
  if (taken === unwanted) return { kind: "dropped", why: "its lease was lost" };
  if (taken.owner === owner) return undefined;
  if (parts.keptMarks.areFor(run)) return reserveTurn({ run, limit, coordination }, parts);
  // Of thousands that were missed, as after an outage, few are looked at at once.
  const spreadMs = parts.random() * Math.min(lateMs, longestLookMs);
  return { kind: "postponed", delayMs: Math.ceil(intervalMs + spreadMs) };
}

function nameOf({ call }: TaskRun, { tokens, perMs }: RateLimit): string {
  return `${call.task}:${tokens}/${perMs}`;
}
