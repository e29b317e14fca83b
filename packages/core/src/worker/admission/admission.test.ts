import { BackendUnavailableError } from "@lovage/backend";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { encodeRevoke } from "../../control/revoke-message.ts";
import { changed, changedResults, workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";
import { readMark, unknownSinceMark } from "../run/task-marks.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const headers = { id: "the-id", task: "add" };

describe("a message that cannot be read", () => {
  test.each([
    [
      "of another content type",
      { properties: { contentType: "application/x-python-serialize", contentEncoding: "binary" } },
    ],
    ["that is no JSON", { body: "{broken" }],
    ["of invalid UTF-8", { body: Uint8Array.of(0xff, 0xfe, 0x00) }],
    ["of JSON in another shape", { body: "[1,2]" }],
    ["of a compression that nobody knows", { headers: { ...headers, compression: "application/x-rot13" } }],
  ])("%s becomes a dead letter with its bytes, and a failure", async (_what, message) => {
    const { app, clock, send, dead, resultOf, until } = await setUp();
    app.task("add", (x: number, y: number) => x + y);
    await send({ headers, ...message });
    await app.worker().start();
    await until(async () => (await dead()).length === 1);
    const [letter] = await dead();
    expect(letter?.death?.reason).toBe("undecodable");
    expect(letter?.death?.detail).toContain("PayloadDecodeError");
    expect(Buffer.from(letter!.message.body)).toEqual(Buffer.from("body" in message ? message.body : "[[],{},{}]"));
    expect(await resultOf("the-id")).toMatchObject({ state: "FAILURE", error: { type: "PayloadDecodeError" } });
    await clock.advance(60_000);
    expect(await dead()).toHaveLength(1);
  });

  test("and has no id becomes a dead letter alone, and the queue flows on", async () => {
    const { app, send, dead, until } = await setUp();
    const add = app.task("add", (x: number, y: number) => x + y);
    await send({ headers: {}, body: "nonsense" });
    const result = await add.delay(1, 2);
    await app.worker().start();
    await until(async () => (await dead()).length === 1);
    await expect(result.get()).resolves.toBe(3);
  });
});

describe("a call that comes too late", () => {
  test("is judged by the store's clock, and the worker warns of its own", async () => {
    const { app, clock, send, lines, until, resultOf } = await setUp({
      wrapBackend: (backend) => changed(backend, { serverTimeMs: () => Promise.resolve(clock.now() - 3_600_000) }),
    });
    app.task("add", (x: number, y: number) => x + y);
    const expires = new Date(clock.now() - 60_000).toISOString();
    await send({ headers: { ...headers, expires }, body: "[[1,2],{},{}]" });
    await app.worker().start();
    await until(async () => (await resultOf("the-id")) !== undefined);
    expect(await resultOf("the-id")).toMatchObject({ state: "SUCCESS", value: 3 });
    expect(lines("warn")).toEqual([expect.stringContaining("clock is 1h ahead of the server's")]);
  });

  test("is not run, and its result says so", async () => {
    const { app, clock, resultOf, until, dead } = await setUp();
    let runs = 0;
    const task = app.task("late", () => void (runs += 1));
    const { id } = await task.applyAsync([], { expires: "1s" });
    await clock.advance(1_000);
    await app.worker().start();
    await until(async () => (await resultOf(id)) !== undefined);
    expect(await resultOf(id)).toMatchObject({
      state: "REVOKED",
      error: { type: "TaskRevokedError", args: ["expired"] },
    });
    expect([runs, await dead()]).toEqual([0, []]);
  });

  test("runs when it is just in time", async () => {
    const { app, clock } = await setUp();
    const task = app.task("in-time", () => 1);
    const result = await task.applyAsync([], { expires: "1s" });
    await clock.advance(999);
    await app.worker().start();
    await expect(result.get()).resolves.toBe(1);
  });
});

describe("a call that Python sent for later", () => {
  test("waits in the broker, and runs when it is due", async () => {
    const { app, clock, send, waiting, until } = await setUp();
    const startedAtMs: number[] = [];
    app.task("add", () => void startedAtMs.push(clock.now()));
    const dueAtMs = clock.now() + 3_600_000;
    await send({ headers: { ...headers, eta: new Date(dueAtMs).toISOString().replace("Z", "000+00:00") } });
    await app.worker().start();
    await until(async () => (await waiting("delayed")).length === 1);
    await clock.advance(3_599_000);
    expect(startedAtMs).toEqual([]);
    await clock.advance(2_100);
    expect(startedAtMs).toHaveLength(1);
    expect(startedAtMs[0]).toBeGreaterThanOrEqual(dueAtMs);
  });
});

describe("a task that this worker does not know", () => {
  test("runs within 5 s on one that does, however long it has waited, and is charged no loss", async () => {
    const { app, clock, until } = await setUp();
    const id = (await app.remote("new").delay()).id;
    await app.worker().start();
    await clock.advance(100_000);
    const counts: number[] = [];
    app.task("new", { bind: true }, (self) => void counts.push(self.delivery.count));
    const startedAtMs = clock.now();
    await until(async () => (await app.result(id).state()) === "SUCCESS");
    expect(clock.now() - startedAtMs).toBeLessThanOrEqual(5_200);
    expect(counts).toEqual([1]);
  });

  test("is asked for less and less often, up to every 4 s, and carries when it was first not known", async () => {
    const { app, clock, waiting } = await setUp();
    const beganAtMs = clock.now();
    await app.remote("new").delay();
    await app.worker().start();
    for (const atMs of [10_000, 30_000, 100_000, 1_000_000]) {
      await clock.advance(beganAtMs + atMs - clock.now());
      const [message] = [...(await waiting("delayed")), ...(await waiting("ready"))];
      expect(readMark(message!.message, unknownSinceMark)! - beganAtMs).toBeLessThan(1_000);
      expect(message!.dueAtMs! - clock.now()).toBeLessThanOrEqual(4_000);
    }
    expect(harness.lines("debug").filter((line) => line.includes("given back for later")).length).toBeLessThan(300);
  });

  test("becomes a dead letter and a failure when nobody has known it for its time", async () => {
    const { app, clock, dead, resultOf, waiting } = await setUp({ unknownTaskTtl: "1m" });
    const { id } = await app.remote("new").delay();
    await app.worker().start();
    await clock.advance(58_000);
    expect(await dead()).toEqual([]);
    await clock.advance(5_000);
    expect((await dead())[0]?.death).toMatchObject({ reason: "unknown-task" });
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "UnknownTaskError" } });
    expect([...(await waiting()), ...(await waiting("delayed"))]).toEqual([]);
  });

  test("counts as one whose function is elsewhere", async () => {
    const { app, clock, dead } = await setUp({ unknownTaskTtl: 0 });
    await app.remote("elsewhere").delay();
    await app.worker().start();
    await clock.advance(5_000);
    expect((await dead())[0]?.death?.reason).toBe("unknown-task");
  });
});

describe("arguments", () => {
  test("by keyword find their positions by the names of the parameters", async () => {
    const { app, send, resultOf, until } = await setUp();
    app.task("add", { parameters: ["x", "y"] }, (x: number, y: number) => x - y);
    await send({ headers, body: '[[10],{"y":3},{}]' });
    await app.worker().start();
    await until(async () => (await resultOf("the-id"))?.state === "SUCCESS");
    expect((await resultOf("the-id"))?.value).toBe(7);
  });

  test("by keyword come as one trailing object otherwise", async () => {
    const { app, send, resultOf, until } = await setUp();
    app.task("add", (...args: unknown[]) => args);
    await send({ headers, body: '[[1],{"y":3},{}]' });
    await app.worker().start();
    await until(async () => (await resultOf("the-id"))?.state === "SUCCESS");
    expect((await resultOf("the-id"))?.value).toEqual([1, { y: 3 }]);
  });

  test("that do not fit the schema are a failure without retry, and a dead letter with the issues", async () => {
    const { app, send, resultOf, dead, until } = await setUp();
    let runs = 0;
    const input = z.tuple([z.email()]);
    app.task("add", { input, retryFor: true, maxRetries: 5 }, () => void (runs += 1));
    await send({ headers, body: '[["nobody"],{},{}]' });
    await app.worker().start();
    await until(async () => (await dead()).length === 1);
    const [letter] = await dead();
    expect(letter?.death?.reason).toBe("invalid");
    expect(letter?.death?.detail).toContain("args[0]");
    expect(await resultOf("the-id")).toMatchObject({ state: "FAILURE", error: { type: "PayloadValidationError" } });
    expect(runs).toBe(0);
  });

  test("reach the function as the schema gives them out, checked at once or later", async () => {
    const { app } = await setUp();
    const early = app.task("early", { input: z.tuple([z.string().transform(Number)]) }, (n) => n + 1);
    const late = app.task(
      "late",
      { input: z.tuple([z.string().transform(async (text) => text.length)]) },
      (n) => n + 1,
    );
    await app.worker().start();
    await expect((await early.delay("41")).get()).resolves.toBe(42);
    await expect((await late.delay("abc")).get()).resolves.toBe(4);
  });

  test("of a schema that throws fail the task by its policy", async () => {
    const { app, send, resultOf, until } = await setUp();
    const input = z.tuple([z.string()]).transform((): [string] => {
      throw new RangeError("a broken schema");
    });
    app.task("add", { input: input as never, deadLetter: "never" }, () => 1);
    await send({ headers, body: '[["a"],{},{}]' });
    await app.worker().start();
    await until(async () => (await resultOf("the-id")) !== undefined);
    expect(await resultOf("the-id")).toMatchObject({ state: "FAILURE", error: { type: "RangeError" } });
  });

  test("named like prototypes stay data", async () => {
    const { app, send, resultOf, until } = await setUp();
    app.task("add", (value: object) => [Object.keys(value), "polluted" in {}]);
    await send({ headers, body: '[[{"__proto__":{"polluted":1},"constructor":2}],{},{}]' });
    await app.worker().start();
    await until(async () => (await resultOf("the-id"))?.state === "SUCCESS");
    expect((await resultOf("the-id"))?.value).toEqual([["__proto__", "constructor"], false]);
  });
});

describe("a message that was delivered before", () => {
  const redelivered: HarnessOptions = { onDelivery: (delivery) => changed(delivery, { redelivered: true, count: 2 }) };

  test("is not run again when its result is SUCCESS, and what follows is sent from that result", async () => {
    const { app, backend, clock, resultOf, until } = await setUp(redelivered);
    let runs = 0;
    const add = app.task("add", (x: number, y: number) => ((runs += 1), x + y));
    const next = app.task("next", { ignoreResult: false }, (x: number) => x * 10);
    const signature = {
      task: next.name,
      args: [],
      kwargs: {},
      options: { task_id: "next-id" },
      subtask_type: null,
      immutable: false,
    };
    await harness.send({ headers, body: JSON.stringify([[2, 3], {}, { chain: [signature] }]) });
    const document = JSON.stringify({ status: "SUCCESS", result: 5, traceback: null, children: [], task_id: "the-id" });
    await backend.results?.put([{ taskId: "the-id", state: "SUCCESS", document, fence: [0, 0], expiresInMs: 100_000 }]);
    await app.worker().start();
    await until(async () => (await resultOf("next-id"))?.state === "SUCCESS");
    expect([runs, (await resultOf("next-id"))?.value]).toEqual([0, 50]);
    await clock.advance(0);
    expect(harness.lines("info")).toContain("Task had succeeded before; it was not run again.");
    expect(add.name).toBe("add");
  });

  test("runs when it has no result, or when its result is not final", async () => {
    const { app } = await setUp(redelivered);
    const task = app.task("task", { trackStarted: true }, () => "ran");
    await app.worker().start();
    await expect((await task.delay()).get()).resolves.toBe("ran");
  });

  test("is not run when it was cancelled", async () => {
    const { app, backend, clock, waiting } = await setUp(redelivered);
    let runs = 0;
    const task = app.task("task", () => void (runs += 1));
    await app.worker().start();
    const document = JSON.stringify({ status: "REVOKED", result: null });
    await backend.results?.put([{ taskId: "x", state: "REVOKED", document, fence: null, expiresInMs: 100_000 }]);
    await task.applyAsync([], { taskId: "x" });
    await clock.advance(10);
    expect([runs, await waiting("unsettled")]).toEqual([0, []]);
  });

  test("waits with its slot while the backend cannot say what became of it", async () => {
    let failures = 3;
    const { app, until } = await setUp({
      ...redelivered,
      wrapBackend: (backend) =>
        changedResults(backend, (results) => ({
          get: (ids) => (failures-- > 0 ? Promise.reject(new BackendUnavailableError("away")) : results.get(ids)),
        })),
    });
    let runs = 0;
    const task = app.task("task", { ignoreResult: false }, () => void (runs += 1));
    await task.delay();
    await app.worker().start();
    await until(() => runs === 1);
    expect(failures).toBeLessThan(0);
  });
});

describe("a call that was cancelled", () => {
  test("before the worker started is not run", async () => {
    const { app, clock } = await setUp();
    let runs = 0;
    const task = app.task("task", () => void (runs += 1));
    const result = await task.delay();
    await result.cancel();
    await app.worker().start();
    await clock.advance(1_000);
    expect(runs).toBe(0);
    await expect(result.get()).rejects.toMatchObject({ code: "TASK_REVOKED", reason: "revoked" });
  });

  test("by a command of Celery's is not run, and gets its result", async () => {
    const { app, clock, observer, resultOf, until } = await setUp();
    let runs = 0;
    const task = app.task("task", () => void (runs += 1));
    await app.worker({ name: "w1" }).start();
    const { id } = await task.applyAsync([], { countdown: "10s" });
    await observer.broadcast?.publish("celery.pidbox", encodeRevoke({ taskIds: [id], terminate: false }));
    await clock.advance(11_100);
    await until(async () => (await resultOf(id)) !== undefined);
    expect([runs, (await resultOf(id))?.state]).toEqual([0, "REVOKED"]);
  });

  test("elsewhere is learnt from the backend within 5 s", async () => {
    const { app, clock, backend } = await setUp();
    let runs = 0;
    const task = app.task("task", () => void (runs += 1));
    await app.worker().start();
    const { id } = await task.applyAsync([], { countdown: "10s" });
    const document = JSON.stringify({ status: "REVOKED", result: null });
    await backend.results?.put([{ taskId: id, state: "REVOKED", document, fence: null, expiresInMs: 100_000 }]);
    await clock.advance(12_000);
    expect(runs).toBe(0);
  });
});
