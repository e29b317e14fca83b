import type { Backend } from "@lovage/backend";
import { validate } from "@lovage/foundation";
import type { Clock } from "@lovage/foundation";
import { PayloadValidationError } from "../../protocol/errors.ts";
import { mapArguments } from "../../produce/map-arguments.ts";
import { UnknownTaskError } from "../run/errors.ts";
import { keepTrying, unwanted } from "../run/keep-trying.ts";
import type { KeptMarks } from "../run/kept-marks.ts";
import type { Retrying } from "../run/keep-trying.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Revocations } from "./revocations.ts";
import type { RunClaims } from "./run-claims.ts";
import { markOf, startedMark, unknownSinceMark, wasSeen } from "../run/task-marks.ts";
import type { TaskRun } from "../run/task-run.ts";
import { needsTurn, takeTurn } from "./take-turn.ts";
import { claimTick, isTick } from "./claim-tick.ts";

/** What admission looks at. */
export interface AdmissionParts {
  readonly clock: Clock;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** What is asked of the backend again. */
  readonly retrying?: Retrying;
  readonly revocations: Revocations;
  readonly backend: Backend | undefined;
  readonly claims: RunClaims;
  readonly keptMarks: KeptMarks;
  readonly unknownTaskTtlMs: number;
  /** Longest delay the transport takes. */
  readonly delayHorizonMs: number;
  /** Source of jitter, from 0 to 1. */
  readonly random: () => number;
}

/** Run it with these arguments, or end it like this. */
export type Admission = { readonly kind: "run"; readonly args: readonly unknown[] } | Outcome;

/** A worker that comes to know the task has it within 5 s. */
const longestUnknownDelayMs = 4_000;
const shortestUnknownDelayMs = 1_000;
/** In its time, where the broker counts each look; and those before that, each after twice as long as the last. */
const fewUnknownLooks = 8;

/**
 * Whether a call may run now. Refuses, in this order, the second message of a tick, what was cancelled, what has expired, what is not due, what this worker does not know, what has
 * run already, the double of what runs elsewhere, what must wait for its turn, and arguments that do not fit. At once where nobody needs to be asked.
 */
export function admit(run: TaskRun, parts: AdmissionParts): Admission | Promise<Admission> {
  if (parts.keptMarks.mayBeThere(run)) return admitMarked(run, parts);
  return isTick(run) ? admitTick(run, parts) : admitCall(run, parts);
}

async function admitMarked(run: TaskRun, parts: AdmissionParts): Promise<Admission> {
  if (!(await parts.keptMarks.read(run))) return { kind: "dropped", why: "its lease was lost" };
  return isTick(run) ? admitTick(run, parts) : admitCall(run, parts);
}

async function admitTick(run: TaskRun, parts: AdmissionParts): Promise<Admission> {
  return (await claimTick(run, parts)) ?? admitCall(run, parts);
}

function admitCall(run: TaskRun, parts: AdmissionParts): Admission | Promise<Admission> {
  const refusal = refuseAtOnce(run, parts);
  const mayHaveDouble = parts.claims.windowOf(run) !== undefined;
  if (refusal?.kind === "revoked" && refusal.reason === "expired" && mayHaveDouble)
    return refuseOnce(run, refusal, parts);
  if (refusal !== undefined) return refusal;
  const asksBackend =
    mayHaveRun(run, parts) || needsTurn(run, parts.clock) || mayHaveDouble || mayBeRevoked(run, parts);
  return asksBackend ? admitAfterAsking(run, parts) : admitArguments(run);
}

function refuseAtOnce(run: TaskRun, parts: AdmissionParts): Outcome | undefined {
  const { call, definition } = run;
  if (parts.revocations.has(call.id)) return { kind: "revoked", reason: "revoked" };
  const { expiresAtMs = Infinity } = call;
  if (expiresAtMs <= parts.clock.now() && markOf(run, startedMark) === undefined)
    return { kind: "revoked", reason: "expired" };
  if (call.etaMs !== undefined) {
    const inMs = call.etaMs - parts.clock.now();
    if (inMs > 0) return { kind: "postponed", delayMs: Math.min(Math.ceil(inMs), parts.delayHorizonMs) };
  }
  return definition?.run === undefined ? refuseUnknown(run, parts) : undefined;
}

/** The first worker that does not know a task writes down when; until the time is up the message comes round again and again. */
function refuseUnknown(run: TaskRun, { clock, unknownTaskTtlMs, keptMarks }: AdmissionParts): Outcome {
  const nowMs = clock.now();
  const sinceMs = markOf(run, unknownSinceMark);
  if (sinceMs === undefined) {
    const delayMs = Math.min(shortestUnknownDelayMs, unknownTaskTtlMs);
    return { kind: "postponed", delayMs, mark: { [unknownSinceMark]: nowMs } };
  }
  const ageMs = Math.max(0, nowMs - sinceMs);
  if (ageMs >= unknownTaskTtlMs) {
    return { kind: "failure", error: new UnknownTaskError(run.call.task, unknownTaskTtlMs), reason: "unknown-task" };
  }
  const longestMs = keptMarks.areFor(run) ? unknownTaskTtlMs / fewUnknownLooks : longestUnknownDelayMs;
  const delayMs = Math.min(Math.max(shortestUnknownDelayMs, Math.min(longestMs, ageMs)), unknownTaskTtlMs - ageMs);
  return { kind: "postponed", delayMs };
}

function mayHaveRun({ delivery, isResultIgnored }: TaskRun, { backend }: AdmissionParts): boolean {
  return wasSeen(delivery) && !isResultIgnored && backend?.results !== undefined;
}

function mayBeRevoked({ call }: TaskRun, { revocations, backend }: AdmissionParts): boolean {
  return revocations.mayHaveForgotten(call.id) && backend?.results !== undefined;
}

async function admitAfterAsking(run: TaskRun, parts: AdmissionParts): Promise<Admission> {
  const mayRunAgain = mayHaveRun(run, parts);
  if (mayRunAgain || mayBeRevoked(run, parts)) {
    const ended = await findEnd(run, parts);
    // What was delivered for the first time, and has ended, was sent twice: as of any other such call, what it does is judged when it has run.
    if (ended !== undefined && (mayRunAgain || ended.kind !== "repeated")) return ended;
  }
  // Before the turn: a double takes none, and what waits for one goes on as a copy, in place of what runs elsewhere.
  const other = await admitOnce(run, parts);
  if (other !== undefined) return other;
  const wait = needsTurn(run, parts.clock) ? await takeTurn(run, parts) : undefined;
  return wait ?? admitArguments(run);
}

/** Of the copies that the broker made of a message one runs. Another is looked at again when that one has ended, or should have. */
async function admitOnce(run: TaskRun, parts: AdmissionParts): Promise<Outcome | undefined> {
  const withinMs = parts.claims.windowOf(run);
  if (withinMs === undefined) return undefined;
  const owner = await parts.claims.take(run, withinMs);
  if (owner === "ours") return undefined;
  if (owner === "done") return { kind: "duplicate" };
  if (owner === unwanted) return { kind: "dropped", why: "its lease was lost" };
  const ended = run.isResultIgnored ? undefined : await findEnd(run, parts);
  return ended ?? { kind: "postponed", delayMs: withinMs, isDouble: owner === "double" };
}

/** What has expired may be the double of what was begun in time: then it ends as that one does. */
async function refuseOnce(run: TaskRun, refusal: Outcome, parts: AdmissionParts): Promise<Outcome> {
  return (await admitOnce(run, parts)) ?? refusal;
}

/** The end that an earlier delivery has stored before it was lost. */
async function findEnd(run: TaskRun, parts: AdmissionParts): Promise<Outcome | undefined> {
  const results = parts.backend?.results;
  if (results === undefined) return undefined;
  const found = await keepTrying(() => results.get([run.call.id]), { ...parts, isWanted: () => !run.isLost });
  if (found === unwanted) return { kind: "dropped", why: "its lease was lost" };
  const [record] = found;
  if (record?.state === "SUCCESS") return { kind: "repeated", document: record.document };
  return record?.state === "REVOKED" ? { kind: "revoked", reason: "revoked" } : undefined;
}

function admitArguments({ call, definition }: TaskRun): Admission | Promise<Admission> {
  const args = mapArguments(call.args, call.kwargs, definition?.options.parameters);
  if (definition?.input === undefined) return { kind: "run", args };
  const checked = validate(definition.input, args, { root: "args" });
  return checked instanceof Promise
    ? checked.then((late) => toAdmission(call.task, late))
    : toAdmission(call.task, checked);
}

function toAdmission(
  task: string,
  { value, issues }: { readonly value?: unknown; readonly issues?: readonly string[] },
): Admission {
  if (issues !== undefined)
    return { kind: "failure", error: new PayloadValidationError(task, issues), reason: "invalid" };
  if (Array.isArray(value)) return { kind: "run", args: value as readonly unknown[] };
  const wrong = ["the schema's output is not an array of arguments"];
  return { kind: "failure", error: new PayloadValidationError(task, wrong), reason: "invalid" };
}
