import { LeaseLostError, MessageTooLargeError } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { chain } from "../../canvas/chain.ts";
import { chord } from "../../canvas/chord.ts";
import { group } from "../../canvas/group.ts";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const ended = (harnessed: WorkerHarness, id: string) =>
  harnessed.until(async () => ((await harnessed.resultOf(id))?.dateDoneMs ?? 0) > 0);
const leaseLost = () => new LeaseLostError({ queue: "default", messageId: "1" });

describe("what follows a task", () => {
  test("is sent with the acknowledgement, and named in the result", async () => {
    const { app, resultOf } = await setUp();
    const add = app.task("add", (x: number, y: number) => x + y);
    await app.worker().start();
    const result = await chain(
      add.s(1, 2),
      add.s(10).set({ taskId: "second" }),
      add.s(100).set({ taskId: "third" }),
    ).delay();
    await ended(harness, "third");
    expect((await resultOf("third"))?.value).toBe(113);
    expect((await resultOf("second"))?.children).toEqual([{ id: "third" }]);
    await expect(result.get()).resolves.toBe(113);
  });

  test("a task that returns nothing hands on null, to callbacks and to the next step alike", async () => {
    const { app, dead, until } = await setUp();
    const seen: unknown[] = [];
    const none = app.task("none", (): number | undefined => undefined);
    const next = app.task("next", (value: number | null) => void seen.push(value));
    await app.worker().start();
    await chain(none.s().link(next.s()), next.s()).delay();
    await until(async () => seen.length === 2 || (await dead()).length > 0);
    expect([seen, await dead()]).toEqual([[null, null], []]);
  });

  test("a failure is the same failure, for each step of the chain that now cannot run, and its errbacks", async () => {
    const { app, resultOf, until } = await setUp();
    const told: unknown[] = [];
    const boom = app.task("boom", { deadLetter: "never" }, (): number => {
      throw new TypeError("boom");
    });
    const next = app.task("next", (x: number) => x);
    const onError = app.task("on-error", (id: string) => void told.push(id));
    await app.worker().start();
    await chain(
      boom.s().set({ taskId: "first" }).onError(onError.s()),
      next.s().set({ taskId: "second" }),
      next.s().set({ taskId: "third" }),
    ).delay();
    await until(() => told.length === 1);
    expect(told).toEqual(["first"]);
    for (const id of ["first", "second", "third"]) {
      expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "TypeError", message: "boom" } });
    }
  });

  test("a failed chord whose body is a group calls the errbacks of each of its members", async () => {
    const { app, clock, until } = await setUp();
    const told: unknown[] = [];
    const boom = app.task("boom", { deadLetter: "never" }, (): number => {
      throw new TypeError("boom");
    });
    const next = app.task("next", (values: readonly number[]) => values.length);
    const onError = app.task("on-error", (id: string) => void told.push(id));
    await app.worker().start();
    const body = group([next.s().set({ taskId: "a" }), next.s().set({ taskId: "b" })]);
    await chord(group([boom.s(), boom.s()]), body.onError(onError.s())).delay();
    await until(() => told.length === 2);
    await clock.advance(5_000);
    expect(told).toHaveLength(2);
    expect(new Set(told)).toEqual(new Set(["a", "b"]));
  });

  test("a chord is its body, once, with the results in order, however often members are delivered", async () => {
    const seen = new Set<string>();
    const joins: string[] = [];
    const { app, clock } = await setUp({
      wrapBackend: (backend) =>
        changed(backend, {
          joins: changed(backend.joins!, {
            open: (opening) => (joins.push(opening.joinId), backend.joins!.open(opening)),
          }),
        }),
      onDelivery: (delivery) => {
        const { messageId } = delivery.message.properties;
        if (seen.has(messageId)) return delivery;
        seen.add(messageId);
        // Each first delivery is lost after its result was stored.
        return changed(delivery, { ack: async () => (await delivery.release(), Promise.reject(leaseLost())) });
      },
    });
    const bodies: unknown[] = [];
    const square = app.task("square", (x: number) => x * x);
    const total = app.task("total", (all: number[]) => (bodies.push(all), all.reduce((sum, x) => sum + x, 0)));
    await app.worker().start();
    const result = await chord(group([1, 2, 3, 4].map((n) => square.s(n))), total.s()).delay();
    await clock.advance(10_000);
    await expect(result.get()).resolves.toBe(30);
    expect(bodies).toEqual([[1, 4, 9, 16]]);
    expect(joins).toHaveLength(1);
    expect(await harness.backend.joins?.members(joins[0] ?? "")).toEqual([]);
  });

  test("a group within a chain is joined before the chain goes on", async () => {
    const { app, clock } = await setUp();
    const add = app.task("add", (x: number, y: number) => x + y);
    const total = app.task("total", (all: readonly number[]) => all.reduce((sum, x) => sum + x, 0));
    await app.worker().start();
    const result = await chain(add.s(1, 2), group([add.s(10), add.s(20)]), total.s(), add.s(100)).delay();
    await clock.advance(1_000);
    await expect(result.get({ timeout: 0 })).resolves.toBe(136);
  });

  test("a chord with a failing member is a ChordError of the body", async () => {
    const { app, clock, resultOf } = await setUp();
    const task = app.task("task", { deadLetter: "never" }, (x: number): number => {
      if (x === 2) throw new RangeError("two");
      return x;
    });
    const total = app.task("total", (all: number[]) => all.length);
    await app.worker().start();
    const result = await chord(group([1, 2, 3].map((n) => task.s(n))), total.s().set({ taskId: "body" })).delay();
    await clock.advance(5_000);
    expect(await resultOf("body")).toMatchObject({ state: "FAILURE", error: { type: "ChordError" } });
    await expect(result.get()).rejects.toMatchObject({ code: "REMOTE_TASK_FAILED", name: "ChordError" });
  });

  test("that cannot be sent is a failure of the task", async () => {
    const { app, dead, resultOf, until } = await setUp();
    app.task("task", () => 1);
    const next = {
      task: "next",
      args: [],
      kwargs: {},
      options: { queue: "a b", task_id: "n" },
      subtask_type: null,
      immutable: false,
    };
    await harness.send({ headers: { id: "x", task: "task" }, body: JSON.stringify([[], {}, { callbacks: [next] }]) });
    await app.worker().start();
    await until(async () => (await dead()).length === 1);
    expect(await resultOf("x")).toMatchObject({ state: "FAILURE", error: { type: "FollowUpError" } });
  });

  test("that is too large is a failure of the task", async () => {
    const { app, dead, resultOf, until } = await setUp();
    const big = app.task("big", () => "x".repeat(200_000));
    const next = app.task("next", (text: string, more: string) => text.length + more.length);
    await app.worker().start();
    await chain(big.s().set({ taskId: "big-id" }), next.s("y".repeat(100_000))).delay();
    await until(async () => (await dead()).length === 1);
    expect(await resultOf("big-id")).toMatchObject({ state: "FAILURE", error: { type: "FollowUpError" } });
  });

  test("the body of a chord that cannot be sent has failed, and its errbacks are called", async () => {
    const { app, dead, resultOf, until } = await setUp();
    const told: unknown[] = [];
    const big = app.task("big", () => "x".repeat(150_000));
    const total = app.task("total", (all: readonly string[]) => all.length);
    const next = app.task("next", (count: number) => count);
    const onError = app.task("on-error", (id: string) => void told.push(id));
    await app.worker().start();
    const body = chain(total.s().set({ taskId: "body" }).onError(onError.s()), next.s().set({ taskId: "next-id" }));
    await chord(group([big.s().set({ taskId: "a" }), big.s().set({ taskId: "b" })]), body).delay();
    await until(() => told.length === 1);
    expect(told).toEqual(["body"]);
    for (const id of ["body", "next-id"]) {
      expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "ChordError" } });
    }
    expect((await resultOf("body"))?.error?.message).toContain("cannot be sent");
    expect([(await resultOf("a"))?.state, (await resultOf("b"))?.state, await dead()]).toEqual([
      "SUCCESS",
      "SUCCESS",
      [],
    ]);
  });

  test("is not sent again by a delivery that finds the join of its chord closed between two questions", async () => {
    const bodies: unknown[] = [];
    const { app, clock } = await setUp({
      wrapBackend: (backend) =>
        changed(backend, {
          joins: changed(backend.joins!, {
            arrive: async (arrival) => {
              const progress = await backend.joins!.arrive(arrival);
              if (progress.completes) await backend.joins!.close(arrival.joinId);
              return progress;
            },
          }),
        }),
    });
    const one = app.task("one", () => 1);
    const total = app.task("total", (all: readonly number[]) => void bodies.push(all));
    await app.worker().start();
    await chord(group([one.s(), one.s()]), total.s()).delay();
    await clock.advance(5_000);
    expect(bodies).toEqual([]);
  });

  test("a chord waits for a member that is delayed for longer than results are kept", async () => {
    const kept: number[] = [];
    const { app, clock } = await setUp({
      wrapBackend: (backend) =>
        changed(backend, {
          joins: changed(backend.joins!, {
            open: (opening) => (kept.push(opening.expiresInMs), backend.joins!.open(opening)),
          }),
        }),
    });
    const one = app.task("one", () => 1);
    const total = app.task("total", (all: readonly number[]) => all.length);
    const dayMs = 86_400_000;
    const late = new Date(clock.now() + 3 * dayMs);
    await chord(group([one.s(), one.s().set({ countdown: "2d" })]), total.s()).delay();
    await chord(group([one.s(), one.s().set({ eta: late })]), total.s()).delay();
    await app.worker().start();
    await chain(one.si(), group([one.si(), one.si().set({ countdown: "4d" })]), total.s()).delay();
    await clock.advance(1_000);
    expect(kept).toEqual([3 * dayMs, 4 * dayMs, 5 * dayMs]);
  });

  test("that the broker refuses makes a dead letter, and the worker goes on", async () => {
    const refusal = new MessageTooLargeError("x", { bytes: 2, maxBytes: 1 });
    const { app, dead, until } = await setUp({
      onDelivery: (delivery) =>
        changed(delivery, {
          ack: (messages) => (messages?.length === 1 ? Promise.reject(refusal) : delivery.ack(messages)),
        }),
    });
    const one = app.task("one", () => 1);
    const next = app.task("next", (x: number) => x);
    await app.worker().start();
    await chain(one.s(), next.s()).delay();
    await until(async () => (await dead()).length === 1);
    expect((await dead())[0]?.death?.detail).toContain("its end could not be recorded: MessageTooLargeError");
    await expect((await one.delay()).get()).resolves.toBe(1);
  });
});

describe("a message that was lost too often", () => {
  test("is not run: its result is a failure, and it becomes a dead letter", async () => {
    const { app, dead, resultOf, until } = await setUp({
      onDelivery: (delivery) => changed(delivery, { count: 4 }),
      isExhausted: ({ count }) => count > 3,
    });
    let runs = 0;
    const task = app.task("task", { retryFor: true }, () => void (runs += 1));
    await app.worker().start();
    const { id } = await task.delay();
    await until(async () => (await dead()).length === 1);
    expect([runs, (await dead())[0]?.death?.reason]).toEqual([0, "poison"]);
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "PoisonMessageError" } });
    expect((await resultOf(id))?.error?.message).toContain("3 workers were lost while they had it (WorkerLostError)");
  });

  test("tells those that follow it", async () => {
    const { app, resultOf, until } = await setUp({
      isExhausted: ({ message }) => message.headers["task"] === "poison",
    });
    const told: string[] = [];
    const onError = app.task("on-error", (id: string) => void told.push(id));
    const poison = app.task("poison", () => 1);
    await app.worker().start();
    await chain(
      poison.s().set({ taskId: "p" }).onError(onError.s()),
      app
        .task("next", (x: number) => x)
        .s()
        .set({ taskId: "n" }),
    ).delay();
    await until(() => told.length === 1);
    expect([told, (await resultOf("n"))?.state]).toEqual([["p"], "FAILURE"]);
  });
});
