import {
  LeaseLostError,
  PublishTimeoutError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { chain } from "../../canvas/chain.ts";
import { chord } from "../../canvas/chord.ts";
import { group } from "../../canvas/group.ts";
import { encodeRevoke } from "../../control/revoke-message.ts";
import { encodeResult } from "../../protocol/encode-result.ts";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const refused = () => Promise.reject(new TransportRejectedError("The dead-letter queue is gone."));
const leaseLost = () => new LeaseLostError({ queue: "default", messageId: "1" });

describe("an acknowledgement", () => {
  test("that the broker refuses for now is tried again", async () => {
    let refusals = 3;
    const { app, clock, waiting } = await setUp({
      onDelivery: (delivery) =>
        changed(delivery, {
          ack: (followUps) =>
            refusals-- > 0 ? Promise.reject(new TransportUnavailableError("away")) : delivery.ack(followUps),
        }),
    });
    const task = app.task("task", () => 1);
    await app.worker().start();
    await task.delay();
    await clock.advance(10_000);
    expect([refusals, await waiting("unsettled")]).toEqual([-1, []]);
  });

  test("that the broker puts off leaves the worker alive, however long that takes", async () => {
    let isBlocked = true;
    // As RabbitMQ is under a memory alarm: connected, and what goes with an acknowledgement is not accepted.
    const { app, clock, until } = await setUp({
      onDelivery: (delivery) =>
        changed(delivery, {
          ack: async (followUps) => {
            if (!isBlocked) return delivery.ack(followUps);
            await clock.sleep(30_000);
            throw new PublishTimeoutError("blocked");
          },
        }),
    });
    const one = app.task("one", (value: number) => value + 1);
    const worker = app.worker();
    await worker.start();
    const result = await chain(one.s(1), one.s()).delay();
    await clock.advance(120_000);
    expect([worker.health().settling, worker.health().live]).toEqual([1, { ok: true, reasons: [] }]);
    isBlocked = false;
    await until(async () => (await result.state()) === "SUCCESS");
  });

  test("that its transport makes again and again leaves the worker alive, however long that takes", async () => {
    // As a queue of SQS that is throttled: the engine repeats what is put off, and the worker hears nothing of it.
    const { app, clock } = await setUp({
      wrapConnection: (connection) => changed(connection, { isRepeating: true }),
      onDelivery: (delivery) => changed(delivery, { ack: () => new Promise(() => {}) }),
    });
    const task = app.task("task", () => {});
    const worker = app.worker();
    await worker.start();
    await task.delay();
    await clock.advance(120_000);
    expect([worker.health().settling, worker.health().live]).toEqual([1, { ok: true, reasons: [] }]);
  });

  test("whose lease is lost is told, and the redelivery finds the result", async () => {
    let isFirst = true;
    const { app, clock, until } = await setUp({
      onDelivery: (delivery) => {
        if (!isFirst) return delivery;
        isFirst = false;
        return changed(delivery, { ack: async () => (await delivery.release(), Promise.reject(leaseLost())) });
      },
    });
    let runs = 0;
    const task = app.task("task", () => (runs += 1));
    await app.worker().start();
    const result = await task.delay();
    await until(() => harness.lines("info").includes("Task had succeeded before; it was not run again."));
    await clock.advance(0);
    expect([runs, await harness.waiting("unsettled")]).toEqual([1, []]);
    await expect(result.get()).resolves.toBe(1);
  });

  test("comes before the run of a task that acknowledges early; what fails then is a dead letter all the same", async () => {
    const { app, until, waiting, dead } = await setUp();
    const held: number[] = [];
    const failedAtMs: number[] = [];
    const task = app.task(
      "task",
      { ack: "early", bind: true, retryFor: true, maxRetries: 1, retryBackoff: 0 },
      async () => {
        held.push((await waiting("unsettled")).length);
        failedAtMs.push(harness.clock.now());
        throw new Error("boom");
      },
    );
    await app.worker().start();
    await task.delay();
    await until(async () => (await dead()).length === 1);
    expect(held).toEqual([0, 0]);
    expect((await dead())[0]?.death).toMatchObject({
      atMs: failedAtMs.at(-1),
      reason: "failed",
      queue: "default",
      detail: "Error: boom (after 2 attempts)",
    });
  });
});

test("what was fetched and is given back is tried again while the broker refuses it for now", async () => {
  const released = new Map<string, number>();
  const { app, clock, waiting } = await setUp({
    onDelivery: (delivery) =>
      changed(delivery, {
        release: (options) => {
          const { messageId } = delivery.message.properties;
          const count = (released.get(messageId) ?? 0) + 1;
          released.set(messageId, count);
          return count < 4 ? Promise.reject(new TransportUnavailableError("full")) : delivery.release(options);
        },
      }),
  });
  const task = app.task("task", () => clock.sleep(20_000));
  await app.worker({ concurrency: 1 }).start();
  await task.delay();
  await task.delay();
  await clock.advance(10_000);
  expect([[...released.values()], (await waiting("ready")).length, (await waiting("unsettled")).length]).toEqual([
    [4],
    1,
    1,
  ]);
  await clock.advance(60_000);
});

describe("what the broker refuses for good", () => {
  const leaseMs = 3_000;

  /** Stands for a delivery whose acknowledgement is refused, and whose rejection is refused and lets it go, once. */
  function refusingOnce(): NonNullable<HarnessOptions["onDelivery"]> {
    let isFirst = true;
    return (delivery) => {
      if (!isFirst) return delivery;
      isFirst = false;
      const lost = new AbortController();
      return changed(delivery, {
        signal: lost.signal,
        ack: refused,
        reject: async () => {
          lost.signal.throwIfAborted();
          await delivery.release({ delayMs: leaseMs });
          lost.abort(leaseLost());
          return await refused();
        },
      });
    };
  }

  test("leaves a task that succeeded to run again when its lease has ended", async () => {
    const { app, lines, until, waiting } = await setUp({ onDelivery: refusingOnce() });
    let runs = 0;
    const task = app.task("task", { ignoreResult: true }, () => void (runs += 1));
    await app.worker({ concurrency: 1, prefetch: 1 }).start();
    await task.delay();
    await until(async () => runs === 2 && (await waiting("unsettled")).length === 0);
    expect(lines("error")).toEqual([
      "A task cannot be settled and becomes a dead letter.",
      "A task can be neither acknowledged nor dead-lettered; it comes again when its lease has ended.",
    ]);
    expect(lines("warn")).toContain("The end of a task is not recorded: it could not be settled.");
  });

  test("leaves a task that failed to run again, and does not tell of a dead letter", async () => {
    const { app, lines, until, dead } = await setUp({ onDelivery: refusingOnce() });
    let runs = 0;
    const task = app.task("task", { ignoreResult: true }, () => {
      runs += 1;
      throw new Error("boom");
    });
    await app.worker({ concurrency: 1, prefetch: 1 }).start();
    await task.delay();
    await until(async () => (await dead()).length === 1);
    expect(runs).toBe(2);
    expect(lines("error")).toEqual([
      "A task can be neither acknowledged nor dead-lettered; it comes again when its lease has ended.",
      "Task failed.",
    ]);
  });
});

describe.each(["has expired", "was cancelled"] as const)(
  "a task that had succeeded, is delivered again, and %s",
  (what) => {
    /** A chain or chord with a member "a" whose success is stored: as far as the worker came that had it before. */
    const deliver = async (send: () => Promise<unknown>): Promise<void> => {
      const { app, backend, clock, observer } = harness;
      const document = encodeResult({ taskId: "a", state: "SUCCESS", value: 3 });
      const kept = { taskId: "a", document, state: "SUCCESS", fence: [0, 0], expiresInMs: 86_400_000 } as const;
      if (what === "has expired") {
        await send();
        await clock.advance(2_000);
      }
      await backend.results?.put([kept]);
      await app.worker().start();
      if (what === "was cancelled") {
        await observer.broadcast?.publish("celery.pidbox", encodeRevoke({ taskIds: ["a"], terminate: false }));
        await send();
      }
      await clock.advance(5_000);
    };
    const options = { taskId: "a", ...(what === "has expired" && { expires: "1s" as const }) };

    test("is followed by the next step of its chain", async () => {
      const { app, resultOf, waiting } = await setUp();
      const add = app.task("add", (x: number, y: number) => x + y);
      await deliver(() => chain(add.s(1, 2).set(options), add.s(10).set({ taskId: "b" })).delay());
      expect(await resultOf("a")).toMatchObject({ state: "SUCCESS", value: 3 });
      expect(await resultOf("b")).toMatchObject({ state: "SUCCESS", value: 13 });
      expect(await waiting("unsettled")).toEqual([]);
    });

    test("counts as done in its chord", async () => {
      const { app, resultOf } = await setUp();
      const one = app.task("one", () => 1);
      const total = app.task("total", (all: readonly number[]) => all);
      await deliver(() => chord(group([one.s().set(options), one.s()]), total.s().set({ taskId: "b" })).delay());
      expect(await resultOf("b")).toMatchObject({ state: "SUCCESS", value: [3, 1] });
    });
  },
);
