import { checkName, OptionError, parseDuration, quoteValue } from "@lovage/foundation";
import { checkInteger, checkKnown, checkWord } from "../../app/check-option.ts";
import { handleOf } from "../../app/task-handle.ts";
import { checkCallOptions } from "../../produce/check-call-options.ts";
import { encodeJson } from "../../protocol/encode-json.ts";
import { givenArguments } from "../../protocol/given-arguments.ts";
import { snapshot } from "../../protocol/snapshot.ts";
import { isSchedule } from "../schedule/is-schedule.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { requireResults } from "./require-results.ts";
import type { MissedPolicy, OverlapPolicy, ScheduledCallOptions } from "./schedule-options.ts";

/** What to run and when, checked. Durations are milliseconds, instants Unix milliseconds. */
export interface ScheduleDefinition {
  readonly name: string;
  /** Name of the task. */
  readonly task: string;
  readonly schedule: Schedule;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>> | undefined;
  readonly options: ScheduledCallOptions;
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  readonly jitterMs: number;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  readonly maxRuns: number | undefined;
}

const known = [
  "task",
  "schedule",
  "args",
  "kwargs",
  "options",
  "missed",
  "overlap",
  "jitter",
  "start",
  "end",
  "maxRuns",
];
const callOptions = [
  "queue",
  "priority",
  "headers",
  "ignoreResult",
  "timeLimit",
  "softTimeLimit",
  "key",
  "shadow",
  "expires",
];
const mostMissed = 1_000;

/** Checks what `app.schedule` is given. @throws NAME_INVALID, OPTION_INVALID, PAYLOAD_ENCODE that name the schedule */
export function defineSchedule(name: unknown, options: unknown): ScheduleDefinition {
  const checkedName = checkName(name, { kind: "schedule" });
  const of = `schedule "${checkedName}"`;
  checkKnown(options, of, known);
  const given = options as Readonly<Record<string, unknown>>;
  const { task, schedule, args = [], missed = "latest", overlap = "allow", jitter = 0, maxRuns } = given;
  if (!isSchedule(schedule)) throw invalid(of, "schedule", "crontab, every, solar or at", schedule);
  if (!Array.isArray(args)) throw invalid(of, "args", "an array", args);
  const definition: ScheduleDefinition = {
    name: checkedName,
    task: taskName(of, task),
    schedule,
    args: snapshot(givenArguments(args as readonly unknown[])),
    kwargs: readKeywords(checkedName, given["kwargs"]),
    options: readCallOptions(checkedName, given["options"] ?? {}),
    missed: readMissed(of, missed),
    overlap: checkWord(overlap, `overlap of ${of}`, ["allow", "skip", "queue", "cancel"] as const),
    jitterMs: parseDuration(jitter, { field: `jitter of ${of}`, max: 86_400_000 }),
    startMs: readInstant(of, "start", given["start"]),
    endMs: readInstant(of, "end", given["end"]),
    maxRuns:
      maxRuns === undefined
        ? undefined
        : checkInteger(maxRuns, `maxRuns of ${of}`, { min: 1, max: Number.MAX_SAFE_INTEGER }),
  };
  requireResults(definition, handleOf(task)?.declaration.options);
  checkEncodable(of, definition);
  return definition;
}

function taskName(of: string, task: unknown): string {
  const name = handleOf(task)?.declaration.name ?? task;
  if (typeof name === "string") return checkName(name, { kind: "task" });
  throw invalid(of, "task", "a task or the name of one", task);
}

function readKeywords(name: string, value: unknown): ScheduleDefinition["kwargs"] {
  return checkCallOptions({ kwargs: value as ScheduleDefinition["kwargs"] }, name, "Schedule").kwargs;
}

function readCallOptions(name: string, options: unknown): ScheduledCallOptions {
  const of = `schedule "${name}"`;
  checkKnown(options, `the calls of ${of}`, callOptions);
  const given = options as ScheduledCallOptions;
  if ((given.expires as unknown) instanceof Date)
    throw invalid(of, "options.expires", "a duration from each tick", given.expires);
  checkCallOptions(given, name, "Schedule");
  return snapshot(given);
}

function readMissed(of: string, missed: unknown): MissedPolicy {
  if (missed === "skip" || missed === "latest") return missed;
  const all: unknown = typeof missed === "object" && missed !== null ? Reflect.get(missed, "all") : undefined;
  if (all === undefined) throw invalid(of, "missed", '"skip", "latest" or { all: 10 }', missed);
  return { all: checkInteger(all, `missed.all of ${of}`, { min: 1, max: mostMissed }) };
}

function readInstant(of: string, field: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const atMs = value instanceof Date ? value.getTime() : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw invalid(of, field, "a valid Date", value);
}

/** What cannot be kept in a store and sent in a message is told here, not at the first tick. */
function checkEncodable(of: string, { args, kwargs, options }: ScheduleDefinition): void {
  const subject = `The call of ${of}`;
  encodeJson({ args, kwargs, options }, { root: "call", subject, maxBytes: 262_144, maxDepth: 64 });
}

function invalid(of: string, field: string, accepted: string, value: unknown): OptionError {
  return new OptionError(`${field} of ${of} must be ${accepted}; it is ${quoteValue(value)}.`, { field });
}
