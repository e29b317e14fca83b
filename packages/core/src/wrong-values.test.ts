import { isLovageError, virtualClock } from "@lovage/foundation";
import { afterAll, describe, expect, test } from "vitest";
import * as lovage from "./index.ts";
import { recordedLog } from "./test-support/recorded-log.ts";

/** As plain JavaScript sees it: anything can be called with anything. */
type Untyped = ((...args: readonly unknown[]) => Untyped) & { readonly [Name in Names]: Untyped };

type Names =
  | keyof typeof lovage
  | keyof lovage.App
  | keyof lovage.ScheduleBook
  | keyof lovage.QueueHandle
  | keyof lovage.DeadLetters
  | keyof lovage.AsyncResult<unknown>
  | keyof lovage.TaskCalls<[], unknown>
  | keyof lovage.Signature<[], unknown>
  | keyof lovage.Worker;

const untyped = lovage as unknown as Untyped;
const { createApp, defineTask, importCeleryBeat, at, chain, chord, crontab, every, group, solar } = untyped;

const circle: unknown[] = [];
circle.push(circle);

const kinds: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  true: true,
  number: -1,
  fraction: 0.5,
  "not a number": Number.NaN,
  "empty text": "",
  "zero character": "a\0b",
  symbol: Symbol("s"),
  bigint: 1n,
  array: [],
  "array with nothing": [undefined, 0],
  object: { x: 1 },
  circle,
  function: () => 1,
  "invalid date": new Date(Number.NaN),
};

const typedApp = lovage.createApp({ broker: "memory:", backend: "memory:", clock: virtualClock(), log: recordedLog() });
const app = typedApp as unknown as Untyped;
const add = app.task("add", (x: number, y: number) => x + y);
const one = app.task("one", () => 1);
const named = app.task("named", { parameters: ["a"] }, (a: number) => a);
const due = every("1m");
const result = app.result("id");
const pair = (): Untyped => chain(one.s(), add.s(1));
const two = (): Untyped => group([one.s(), one.s()]);
let names = 0;
const name = (): string => `name ${(names += 1)}`;

/** Title, what is given the value, and the kinds that are right for it. Options that are left out, or `undefined`, are right. */
type Row = readonly [title: string, give: (value: unknown) => unknown, ...right: string[]];

/** One row for each option, with the kinds that are right for it beside `undefined`. */
function options(
  title: string,
  give: (options: object) => unknown,
  right: Readonly<Record<string, readonly string[]>>,
): Row[] {
  const all: Row[] = [];
  for (const [option, more] of Object.entries(right)) {
    all.push([`${option} of ${title}`, (value) => give({ [option]: value }), "undefined", ...more]);
  }
  return all;
}

const durations = ["fraction"];
const ofCalls = {
  countdown: durations,
  eta: [],
  queue: [],
  priority: [],
  expires: durations,
  taskId: [],
  headers: ["object"],
  ignoreResult: ["true"],
  timeLimit: durations,
  softTimeLimit: durations,
  key: [],
  shadow: [],
  unknown: [],
};

const rows: readonly Row[] = [
  ["createApp", createApp, "undefined", "array", "invalid date"],
  ...options("createApp", createApp, {
    name: [],
    broker: [],
    backend: [],
    coordination: [],
    defaultQueue: [],
    queues: ["array", "invalid date"],
    routes: ["array", "function", "invalid date"],
    tasks: ["array", "empty text", "zero character"],
    include: ["array"],
    taskDefaults: ["array", "array with nothing", "invalid date"],
    schedules: ["array", "invalid date"],
    log: [],
    logLevel: [],
    clock: [],
    timezone: [],
    concurrency: [],
    prefetch: [],
    maxDeliveries: [],
    maxPayloadBytes: [],
    acceptContent: [],
    shutdownGrace: durations,
    unknownTaskTtl: durations,
  }),
  ["app.task without a function", app.task],
  ["the name of app.task", (value) => app.task(value, () => 1)],
  ["the function of app.task", (value) => app.task(name(), value), "function"],
  ["the options of app.task", (value) => app.task(name(), value, () => 1), "invalid date"],
  ["the function after options", (value) => app.task(name(), {}, value), "function"],
  ["defineTask", defineTask],
  ["the function of defineTask", (value) => defineTask("defined", value), "function"],
  ...options("app.task", (given) => app.task(name(), given, () => 1), {
    bind: ["true"],
    input: [],
    queue: [],
    priority: [],
    expires: durations,
    maxRetries: [],
    retryFor: ["true", "array"],
    retryBackoff: durations,
    retryBackoffMax: durations,
    retryJitter: ["true"],
    timeLimit: durations,
    softTimeLimit: durations,
    ack: [],
    ignoreResult: ["true"],
    trackStarted: ["true"],
    resultExpires: durations,
    deadLetter: [],
    rateLimit: [],
    parameters: ["array"],
  }),
  ["app.remote", (value) => app.remote(value)],
  ["the options of app.remote", (value) => app.remote(name(), value), "undefined", "invalid date"],
  ["app.result", (value) => app.result(value)],
  ["app.queue", (value) => app.queue(value)],
  ["app.worker", (value) => app.worker(value), "undefined", "invalid date"],
  ...options("app.worker", (given) => app.worker(given), {
    queues: [],
    concurrency: [],
    prefetch: [],
    pool: [],
    renewal: [],
    name: [],
    listener: ["array", "array with nothing", "object", "circle", "invalid date"],
  }),
  ["worker.stop", (value) => app.worker().stop(value), "undefined", "invalid date"],
  ...options("worker.stop", (given) => app.worker().stop(given), { timeout: durations }),
  ["app.beat", (value) => app.beat(value), "undefined", "invalid date"],
  ...options("app.beat", (given) => app.beat(given), { lease: [], reload: [] }),
  ["beat.stop", (value) => app.beat().stop(value), "undefined", "invalid date"],
  ["the name of app.schedule", (value) => app.schedule(value, { task: one, schedule: due })],
  ["the options of app.schedule", (value) => app.schedule(name(), value)],
  ["the task of a schedule", (value) => app.schedule(name(), { task: value, schedule: due })],
  ["the times of a schedule", (value) => app.schedule(name(), { task: one, schedule: value })],
  ...options("a schedule", (given) => app.schedule(name(), { task: one, schedule: due, ...given }), {
    args: ["array"],
    kwargs: ["object"],
    options: ["null"],
    missed: [],
    overlap: [],
    jitter: durations,
    start: [],
    end: [],
    maxRuns: [],
  }),
  ["schedules.get", (value) => app.schedules.get(value)],
  ["schedules.set", (value) => app.schedules.set(value, { task: one, schedule: due })],
  ["the options of schedules.set", (value) => app.schedules.set("stored", value)],
  ["schedules.pause", (value) => app.schedules.pause(value)],
  ["schedules.resume", (value) => app.schedules.resume(value)],
  ["schedules.remove", (value) => app.schedules.remove(value)],
  ["schedules.run", (value) => app.schedules.run(value)],
  ["schedules.next", (value) => app.schedules.next(value)],
  ["the count of schedules.next", (value) => app.schedules.next("none", value)],
  [
    "an argument of delay",
    (value) => add.delay(value),
    "undefined",
    "null",
    "true",
    "number",
    "fraction",
    "empty text",
    "zero character",
    "array",
    "object",
  ],
  ["applyAsync", (value) => add.applyAsync(value), "array"],
  ["the options of applyAsync", (value) => add.applyAsync([1, 2], value), "undefined", "invalid date"],
  ...options("applyAsync", (given) => add.applyAsync([1, 2], given), {
    ...ofCalls,
    kwargs: ["object"],
    transaction: [],
    link: ["array"],
    linkError: ["array"],
  }),
  [
    "a keyword argument",
    (value) => named.applyAsync([], { kwargs: { a: value } }),
    "undefined",
    "null",
    "true",
    "number",
    "fraction",
    "empty text",
    "zero character",
    "array",
    "object",
  ],
  ["applyMany", (value) => add.applyMany(value), "array"],
  ["a call of applyMany", (value) => add.applyMany([value]), "array"],
  ["the options of applyMany", (value) => add.applyMany([[1, 2]], value), "undefined", "invalid date"],
  ...options("applyMany", (given) => add.applyMany([[1, 2]], given), { ...ofCalls, taskId: [] }),
  ["the options of a signature", (value) => add.s(1, 2).set(value).delay(), "invalid date"],
  ...options("a signature", (given) => add.s(1, 2).set(given).delay(), { ...ofCalls, transaction: [] }),
  ["the options of a chain", (value) => pair().set(value).delay(), "invalid date"],
  ...options("a chain", (given) => pair().set(given).delay(), ofCalls),
  ["the arguments of a signature", (value) => add.s(1).applyAsync(value), "undefined", "array"],
  ["the arguments of a chain", (value) => pair().applyAsync(value), "undefined", "array"],
  ["the arguments of a group", (value) => two().applyAsync(value), "undefined", "array"],
  ["link", (value) => one.s().link(value)],
  ["onError", (value) => one.s().onError(value)],
  ["a copy of a signature", (value) => one.s().link({ blueprint: value })],
  ["chain", (value) => chain(value)],
  ["the second step of a chain", (value) => chain(one.s(), value)],
  ["group", (value) => group(value), "array"],
  ["a member of a group", (value) => group([value])],
  ["the header of a chord", (value) => chord(value, one.s())],
  ["the body of a chord", (value) => chord(two(), value)],
  ["get", (value) => result.get(value), "undefined", "invalid date"],
  ...options("get", (given) => result.get(given), { timeout: durations, signal: [] }),
  ["cancel", (value) => result.cancel(value), "undefined", "invalid date"],
  ...options("cancel", (given) => result.cancel(given), { terminate: ["true"] }),
  ["queue.list", (value) => app.queue("default").list(value), "undefined", "invalid date"],
  ...options("queue.list", (given) => app.queue("default").list(given), { state: [], limit: [], cursor: [] }),
  ["dead.list", (value) => app.queue("default").dead.list(value), "undefined", "invalid date"],
  ["dead.replay", (value) => app.queue("default").dead.replay(value)],
  ["dead.drop", (value) => app.queue("default").dead.drop(value)],
  ["the number for dead.drop", (value) => app.queue("default").dead.drop({ first: value })],
  ["the ids for dead.drop", (value) => app.queue("default").dead.drop({ messageIds: value }), "array"],
  ["crontab", (value) => crontab(value), "array", "invalid date"],
  ["the options of crontab", (value) => crontab("* * * * *", value), "undefined", "array", "invalid date"],
  ...options("crontab", (given) => crontab("* * * * *", given), { timezone: [] }),
  ["every", (value) => every(value)],
  ...options("every", (given) => every("1m", given), { anchor: [] }),
  ["at", (value) => at(value)],
  ["solar", (value) => solar(value, { latitude: 0, longitude: 0 })],
  ["the place of solar", (value) => solar("sunrise", value)],
  ["importCeleryBeat", (value) => importCeleryBeat(value), "array", "invalid date"],
  ["an entry for importCeleryBeat", (value) => importCeleryBeat({ entry: value })],
  ["the options of importCeleryBeat", (value) => importCeleryBeat({}, value), "undefined", "array", "invalid date"],
];

/** What became of a value: nothing is told where it was refused as it should be. */
async function faultOf(give: Row[1], value: unknown): Promise<string | undefined> {
  try {
    await give(value);
    return "was taken";
  } catch (error) {
    return isLovageError(error) ? undefined : String(error);
  }
}

describe("what cannot be meant is refused with an error of Lovage's", () => {
  test.each(rows.map(([title, give, ...right]) => ({ title, give, right })))("$title", async ({ give, right }) => {
    const faults: Record<string, string> = {};
    for (const [kind, value] of Object.entries(kinds)) {
      if (right.includes(kind)) continue;
      const fault = await faultOf(give, value);
      if (fault !== undefined) faults[kind] = fault;
    }
    expect(faults).toEqual({});
  });
});

afterAll(async () => {
  const { ready, delayed } = await typedApp.queue("default").stats();
  await typedApp.close();
  expect({ ready, delayed }).toEqual({ ready: 0, delayed: 0 });
});
