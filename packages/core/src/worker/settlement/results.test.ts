import { BackendUnavailableError } from "@lovage/backend";
import type { ResultPut } from "@lovage/backend";
import { LeaseLostError } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { chain } from "../../canvas/chain.ts";
import { chord } from "../../canvas/chord.ts";
import { group } from "../../canvas/group.ts";
import { controlChannel, encodeRevoke } from "../../control/revoke-message.ts";
import { decodeTask } from "../../protocol/decode-task.ts";
import { capture } from "../../protocol/test-support/captures.ts";
import { changed, changedResults, workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const ended = (harnessed: WorkerHarness, id: string) =>
  harnessed.until(async () => ((await harnessed.resultOf(id))?.dateDoneMs ?? 0) > 0);
const leaseLost = () => new LeaseLostError({ queue: "default", messageId: "1" });

describe("a result", () => {
  test("is not stored for a task, or a call, without one", async () => {
    const { app, resultOf, until } = await setUp();
    let runs = 0;
    const silent = app.task("silent", { ignoreResult: true }, () => void (runs += 1));
    const loud = app.task("loud", () => void (runs += 1));
    await app.worker().start();
    const ids = [(await silent.delay()).id, (await loud.applyAsync([], { ignoreResult: true })).id];
    const told = await silent.applyAsync([], { ignoreResult: false });
    await until(() => runs === 3);
    await ended(harness, told.id);
    expect(await Promise.all(ids.map((id) => resultOf(id)))).toEqual([undefined, undefined]);
  });

  test("is not stored for a task without one that is called by who does not know it: Python, an app that names it only", async () => {
    const { app, resultOf, until, send } = await setUp({ queues: { mixed: { consumers: "mixed" } } });
    let runs = 0;
    app.task("tasks.add", { ignoreResult: true }, () => void (runs += 1));
    await app.worker({ queues: ["default", "mixed"] }).start();
    const { message } = capture("basic");
    await send(message);
    const add = app.remote<(x: number, y: number) => void>("tasks.add");
    const named = await add.applyAsync([2, 3], { queue: "mixed" });
    await until(() => runs === 2);
    const told = await add.applyAsync([2, 3], { queue: "mixed", ignoreResult: false });
    await ended(harness, told.id);
    expect([await resultOf(decodeTask(message).id), await resultOf(named.id)]).toEqual([undefined, undefined]);
  });

  test("says STARTED, by whom, for a task that wants it", async () => {
    const { app, until } = await setUp();
    const gate = Promise.withResolvers<void>();
    const task = app.task("task", { trackStarted: true }, () => gate.promise);
    await app.worker({ name: "w1" }).start();
    const result = await task.delay();
    await until(async () => (await result.state()) === "STARTED");
    await expect(result.info()).resolves.toEqual({ pid: process.pid, hostname: "w1" });
    gate.resolve();
    await result.get();
  });

  test.each([
    ["cannot be encoded", () => ({ when: 1n }), "ResultEncodeError"],
    ["is too large", () => "x".repeat(300_000), "PayloadTooLargeError"],
  ])("that %s is a failed attempt, by the task's policy", async (_what, run, type) => {
    const { app, clock, resultOf } = await setUp();
    let runs = 0;
    const task = app.task("task", { retryFor: true, maxRetries: 1, retryBackoff: 0 }, () => ((runs += 1), run()));
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(5_000);
    expect([runs, (await resultOf(id))?.state, (await resultOf(id))?.error?.type]).toEqual([2, "FAILURE", type]);
  });

  test("is written before the acknowledgement", async () => {
    const order: string[] = [];
    const { app, until } = await setUp({
      onDelivery: (delivery) => changed(delivery, { ack: (followUps) => (order.push("ack"), delivery.ack(followUps)) }),
      wrapBackend: (backend) =>
        changedResults(backend, (results) => ({ put: (puts) => (order.push("put"), results.put(puts)) })),
    });
    const task = app.task("task", () => 1);
    await app.worker().start();
    await task.delay();
    await until(() => order.length === 2);
    expect(order).toEqual(["put", "ack"]);
  });

  test("waits for a backend that is away, nothing is started meanwhile, and it is stored once", async () => {
    let isAway = true;
    const puts: ResultPut[] = [];
    const { app, clock, until } = await setUp({
      wrapBackend: (backend) =>
        changedResults(backend, (results) => ({
          put: (batch) => {
            if (isAway) return Promise.reject(new BackendUnavailableError("away"));
            puts.push(...batch);
            return results.put(batch);
          },
        })),
    });
    let runs = 0;
    const task = app.task("task", () => (runs += 1));
    const worker = app.worker({ concurrency: 1 });
    await worker.start();
    const first = await task.delay();
    await clock.advance(1_000);
    const second = await task.delay();
    await clock.advance(20_000);
    expect([runs, worker.health().ready]).toEqual([1, { ok: false, reasons: ["results cannot be written"] }]);
    isAway = false;
    await until(async () => (await second.state()) === "SUCCESS");
    await expect(first.get()).resolves.toBe(1);
    expect([runs, puts.length]).toEqual([2, 2]);
  });

  test.each(["results", "joins"] as const)(
    "that cannot be recorded while the %s are away leaves the worker alive, however long that takes",
    async (part) => {
      let isAway = true;
      const answer = <T>(work: () => Promise<T>): Promise<T> =>
        isAway ? Promise.reject(new BackendUnavailableError("away")) : work();
      const { app, clock, until } = await setUp({
        wrapBackend: (backend) =>
          part === "results"
            ? changedResults(backend, (results) => ({ put: (puts) => answer(() => results.put(puts)) }))
            : changed(backend, {
                joins: changed(backend.joins!, { arrive: (arrival) => answer(() => backend.joins!.arrive(arrival)) }),
              }),
      });
      const one = app.task("one", () => 1);
      const total = app.task("total", (all: readonly number[]) => all.length);
      const worker = app.worker();
      await worker.start();
      const result = await chord(group([one.s(), one.s()]), total.s()).delay();
      await clock.advance(90_000);
      expect([worker.health().settling, worker.health().live]).toEqual([2, { ok: true, reasons: [] }]);
      isAway = false;
      await until(async () => (await result.state()) === "SUCCESS");
    },
  );

  test("is dropped when the lease is lost while the backend is away", async () => {
    const lost = new AbortController();
    const acks: string[] = [];
    const { app, clock } = await setUp({
      onDelivery: (delivery) => changed(delivery, { signal: lost.signal, ack: async () => void acks.push("ack") }),
      wrapBackend: (backend) =>
        changedResults(backend, () => ({ put: () => Promise.reject(new BackendUnavailableError("away")) })),
    });
    const task = app.task("task", () => 1);
    const worker = app.worker();
    await worker.start();
    await task.delay();
    await clock.advance(5_000);
    expect(worker.health().settling).toBe(1);
    lost.abort(leaseLost());
    await clock.advance(10_000);
    expect([worker.health().settling, acks]).toEqual([0, []]);
  });

  test("of an older delivery is refused, and the message is given back without what follows", async () => {
    const { app, backend, clock, resultOf } = await setUp();
    let runs = 0;
    const next = app.task("next", () => 1);
    const task = app.task("task", async () => {
      runs += 1;
      const document = '{"status":"STARTED","result":null}';
      if (runs > 1) return await new Promise<never>(() => {});
      await backend.results?.put([{ taskId: "x", state: "STARTED", document, fence: [0, 1e9], expiresInMs: 1e6 }]);
      return undefined;
    });
    const worker = app.worker();
    await worker.start();
    await chain(task.s().set({ taskId: "x" }), next.si().set({ taskId: "next-id" })).delay();
    await clock.advance(1_000);
    expect([runs, (await resultOf("x"))?.state, await resultOf("next-id")]).toEqual([2, "STARTED", undefined]);
    await worker.stop({ timeout: 0 });
  });

  test("that another delivery has stored meanwhile stays, and what follows is sent from it", async () => {
    const { app, backend, clock, resultOf } = await setUp();
    const task = app.task("task", async () => {
      const document = '{"status":"SUCCESS","result":"of the other","task_id":"x","children":[]}';
      await backend.results?.put([{ taskId: "x", state: "SUCCESS", document, fence: [0, 0], expiresInMs: 1e6 }]);
      return "of this one";
    });
    const next = app.task("next", (text: string) => text);
    await app.worker().start();
    await chain(task.s().set({ taskId: "x" }), next.s().set({ taskId: "next-id" })).delay();
    await clock.advance(1_000);
    expect([(await resultOf("x"))?.value, (await resultOf("next-id"))?.value]).toEqual([
      "of the other",
      "of the other",
    ]);
  });

  test("of a call cancelled meanwhile is thrown away, and nothing follows", async () => {
    const { app, backend, clock, resultOf, waiting } = await setUp({
      wrapBackend: (given) => changedResults(given, () => ({ revocations: async () => ({ taskIds: [], cursor: "" }) })),
    });
    const task = app.task("task", async () => {
      const document = '{"status":"REVOKED","result":null}';
      await backend.results?.put([{ taskId: "x", state: "REVOKED", document, fence: null, expiresInMs: 1e6 }]);
      return "too late";
    });
    const next = app.task("next", () => 1);
    await app.worker().start();
    await chain(task.s().set({ taskId: "x" }), next.si().set({ taskId: "next-id" })).delay();
    await clock.advance(1_000);
    expect((await resultOf("x"))?.state).toBe("REVOKED");
    expect((await resultOf("next-id"))?.state).not.toBe("SUCCESS");
    expect([...(await waiting()), ...(await waiting("unsettled"))]).toEqual([]);
  });

  test("of a call cancelled while its worker still asks whether it may run says so, and nothing runs", async () => {
    const { app, clock, send, observer, until, resultOf } = await setUp();
    const asked = Promise.withResolvers<boolean>();
    let isAsked = false;
    let runs = 0;
    const input = z.tuple([]).refine(() => {
      isAsked = true;
      return asked.promise;
    });
    app.task("slow", { input }, () => void (runs += 1));
    await app.worker().start();
    await send({ headers: { id: "the-id", task: "slow" } });
    await until(() => isAsked);
    await observer.broadcast?.publish(controlChannel, encodeRevoke({ taskIds: ["the-id"], terminate: false }));
    await clock.advance(100);
    asked.resolve(true);
    await ended(harness, "the-id");
    expect(await resultOf("the-id")).toMatchObject({ state: "REVOKED" });
    expect(runs).toBe(0);
  });

  test("of a call sent again under an id whose record is of a later attempt is its own once it succeeds", async () => {
    const { app, clock, send, waiting, until, resultOf } = await setUp();
    const runs: number[] = [];
    let isBroken = true;
    app.task("again", { bind: true, retryFor: true, maxRetries: 2, deadLetter: "never" }, async (task) => {
      runs.push(task.retries);
      await task.updateState("PROGRESS");
      if (isBroken) throw new Error("broken");
    });
    const second = app.task("second", () => {});
    await app.worker().start();
    await send({ headers: { id: "the-id", task: "again" } });
    await ended(harness, "the-id");
    isBroken = false;
    runs.length = 0;
    await chain(app.remote("again").si().set({ taskId: "the-id" }), second.si().set({ taskId: "next" })).delay();
    await until(async () => (await resultOf("next"))?.state === "SUCCESS");
    await clock.advance(60_000);
    expect(runs).toEqual([0]);
    expect(await resultOf("the-id")).toMatchObject({ state: "SUCCESS" });
    expect(await Promise.all([waiting(), waiting("delayed"), waiting("unsettled")])).toEqual([[], [], []]);
  });

  test("is not needed: without a backend tasks run and are acknowledged", async () => {
    const { app, until, waiting } = await setUp({ wrapBackend: () => undefined });
    let runs = 0;
    const task = app.task("task", () => void (runs += 1));
    await app.worker().start();
    await task.delay();
    await until(() => runs === 1);
    await harness.clock.advance(0);
    expect(await waiting("unsettled")).toEqual([]);
  });
});
