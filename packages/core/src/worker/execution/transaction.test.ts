import type { Transact } from "@lovage/transport";
import {
  LeaseLostError,
  PublishUncertainError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { chain } from "../../canvas/chain.ts";
import { changed, changedResults, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

/** A broker with transactions, in whose database the results are. What `write` is given in one is kept when it is committed. `free`: once there is a connection for them. */
async function setUp(
  free?: Promise<void>,
): Promise<WorkerHarness & { readonly kept: unknown[]; write(value: unknown): Promise<unknown> }> {
  const kept: unknown[] = [];
  let written: unknown[] = [];
  harness = await workerHarness({
    onDelivery: (delivery) => {
      const transact: Transact = async (work) => {
        written = [];
        await free;
        const { value, followUps } = await work({});
        await delivery.ack(followUps);
        kept.push(...written);
        return value;
      };
      return changed(delivery, { transact });
    },
    wrapBackend: (backend) =>
      changedResults(backend, (results) => ({ putIn: (_transaction, puts) => results.put(puts) })),
  });
  return { ...harness, kept, write: (value) => Promise.resolve(written.push(value)) };
}

test("a transaction of a call that has succeeded under its id is rolled back, and what follows its result is sent", async () => {
  const { app, kept, write, clock, waiting, resultOf } = await setUp();
  let runs = 0;
  const after: number[] = [];
  const task = app.task("task", { bind: true }, (self) => {
    runs += 1;
    return self.transaction(() => write(runs)).then(() => runs);
  });
  const next = app.task("next", (value: number) => void after.push(value));
  await app.worker().start();
  const workflow = chain(task.s().set({ taskId: "same" }), next.s());
  await workflow.delay();
  await clock.advance(100);
  await workflow.delay();
  await clock.advance(60_000);
  expect([runs, kept, (await resultOf("same"))?.value]).toEqual([2, [1], 1]);
  expect(after).toEqual([1, 1]);
  expect([await waiting("unsettled"), await waiting("delayed"), await waiting()]).toEqual([[], [], []]);
});

test("a transaction of a call that was sent again under an id whose record is of a later attempt is committed", async () => {
  const { app, kept, write, clock, waiting, resultOf, until } = await setUp();
  let runs = 0;
  const task = app.task("task", { bind: true, retryFor: true, maxRetries: 1, retryBackoff: 0 }, (self) => {
    runs += 1;
    if (runs <= 2) throw new Error("boom");
    return self.transaction(() => write(runs));
  });
  await app.worker().start();
  await task.applyAsync([], { taskId: "same" });
  await until(async () => (await resultOf("same"))?.state === "FAILURE");
  await task.applyAsync([], { taskId: "same" });
  await clock.advance(60_000);
  expect([runs, kept, (await resultOf("same"))?.state]).toEqual([3, [3], "SUCCESS"]);
  expect([await waiting("unsettled"), await waiting("delayed"), await waiting()]).toEqual([[], [], []]);
});

test("a transaction of a call that is cancelled meanwhile is rolled back, and the call not run again", async () => {
  const { app, kept, write, clock, waiting, resultOf } = await setUp();
  let runs = 0;
  const goOn = Promise.withResolvers<void>();
  const task = app.task("task", { bind: true }, async (self) => {
    runs += 1;
    await self.transaction(async () => {
      await write(runs);
      await goOn.promise;
    });
  });
  await app.worker().start();
  const result = await task.delay();
  await clock.advance(100);
  const document = JSON.stringify({
    task_id: result.id,
    status: "REVOKED",
    result: null,
    traceback: null,
    children: [],
  });
  await harness.backend.results?.put([
    { taskId: result.id, state: "REVOKED", document, fence: null, expiresInMs: 86_400_000 },
  ]);
  goOn.resolve();
  await clock.advance(60_000);
  expect([runs, kept, (await resultOf(result.id))?.state]).toEqual([1, [], "REVOKED"]);
  expect([await waiting("unsettled"), await waiting("delayed"), await waiting()]).toEqual([[], [], []]);
});

test("the work of a transaction that gets its connection after the end of the task is not begun", async () => {
  const free = Promise.withResolvers<void>();
  const { app, write, clock, resultOf } = await setUp(free.promise);
  const begun: number[] = [];
  const task = app.task("task", { bind: true, timeLimit: "1s" }, async (self) => {
    await self.transaction(async () => write(begun.push(1)));
  });
  await app.worker().start();
  const result = await task.delay();
  await clock.advance(5_000);
  free.resolve();
  await clock.advance(5_000);
  expect([begun, (await resultOf(result.id))?.state]).toEqual([[], "FAILURE"]);
});

/** A broker whose transactions end as `end` says, after their work. */
async function setUpEnding(end: () => Error | undefined | Promise<Error | undefined>): Promise<WorkerHarness> {
  return (harness = await workerHarness({
    onDelivery: (delivery) => {
      const transact: Transact = async (work) => {
        const { value, followUps } = await work({});
        const error = await end();
        if (error !== undefined) throw error;
        await delivery.ack(followUps);
        return value;
      };
      return changed(delivery, { transact });
    },
  }));
}

const lost = (): Error => new LeaseLostError({ queue: "default", messageId: "1" });
const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

describe("a transaction that", () => {
  test("the database refuses to commit fails the task, by its own rules", async () => {
    const { app, clock, dead, resultOf, waiting } = await setUpEnding(
      () => new TransportRejectedError("no such order"),
    );
    let runs = 0;
    const options = { bind: true, retryFor: true, maxRetries: 2, retryBackoff: 0 } as const;
    const task = app.task("task", options, (self) => self.transaction(async () => (runs += 1)));
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(60_000);
    expect([runs, await resultOf(id)]).toMatchObject([3, { state: "FAILURE", error: { message: "no such order" } }]);
    expect([(await dead()).length, await waiting("delayed"), await waiting()]).toEqual([1, [], []]);
  });

  test("finds the database away runs again, less and less often, is warned of, and fails in the end", async () => {
    const { app, clock, dead, lines, resultOf, waiting } = await setUpEnding(
      () => new TransportUnavailableError("away"),
    );
    const startsMs: number[] = [];
    const task = app.task("task", { bind: true }, (self) => self.transaction(async () => startsMs.push(clock.now())));
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(600_000);
    const gaps = startsMs.slice(1).map((atMs, index) => atMs - (startsMs[index] ?? 0));
    expect(startsMs).toHaveLength(11);
    expect([Math.min(...gaps) >= 500, Math.max(...gaps) <= 60_000, (gaps.at(-1) ?? 0) >= 30_000]).toEqual([
      true,
      true,
      true,
    ]);
    expect(lines("warn")).toEqual(Array.from(gaps, () => "Task could not end and was given back; it runs again."));
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "TaskTransactionError" } });
    expect([(await dead()).length, await waiting("delayed"), await waiting()]).toEqual([1, [], []]);
  });

  test("never hears of its commit runs again, less and less often, and fails once it is known that none was made", async () => {
    const { app, clock, dead, resultOf, waiting } = await setUpEnding(
      () => new PublishUncertainError("the connection broke"),
    );
    const startsMs: number[] = [];
    let runs = 0;
    const task = app.task("task", { bind: true }, (self) => {
      runs += 1;
      return self.transaction(async () => startsMs.push(clock.now()));
    });
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(900_000);
    const gaps = startsMs.slice(1).map((atMs, index) => atMs - (startsMs[index] ?? 0));
    expect([startsMs.length, runs]).toEqual([11, 12]);
    expect([Math.max(...gaps) <= 60_000, (gaps.at(-1) ?? 0) >= 30_000]).toEqual([true, true]);
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "TaskTransactionError" } });
    expect([(await dead()).length, await waiting("delayed"), await waiting()]).toEqual([1, [], []]);
  });

  test("finds the database back is committed, and its task sees nothing of the tries before", async () => {
    let failures = 3;
    const { app, clock, resultOf } = await setUpEnding(() =>
      failures-- > 0 ? new TransportUnavailableError("away") : undefined,
    );
    const task = app.task("task", { bind: true }, (self) => self.transaction(async () => self.headers));
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(60_000);
    expect(await resultOf(id)).toMatchObject({ state: "SUCCESS", value: {} });
  });

  test("loses its connection within its work runs again, and is told from work that throws", async () => {
    const thrown = new Error("Connection terminated unexpectedly");
    let cuts = 2;
    harness = await workerHarness({
      onDelivery: (delivery) => {
        const transact: Transact = async (work) => {
          try {
            const { value, followUps } = await work({});
            await delivery.ack(followUps);
            return value;
          } catch (error) {
            throw cuts-- > 0 ? new TransportUnavailableError("nothing was written", { cause: error }) : error;
          }
        };
        return changed(delivery, { transact });
      },
    });
    const { app, clock, dead, resultOf } = harness;
    let runs = 0;
    const options = { bind: true, retryFor: [RangeError] } as const;
    const task = app.task("task", options, (self) =>
      self.transaction(() => {
        runs += 1;
        return Promise.reject(thrown);
      }),
    );
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(60_000);
    expect([runs, await resultOf(id)]).toMatchObject([3, { state: "FAILURE", error: { message: thrown.message } }]);
    expect(await dead()).toHaveLength(1);
  });

  test.each([
    ["the database away", () => new TransportUnavailableError("away")],
    ["no answer to its commit", () => new PublishUncertainError("the connection broke")],
  ])("finds %s runs again, though its call would have expired meanwhile", async (_, failure) => {
    let failures = 2;
    const { app, clock, resultOf } = await setUpEnding(() => (failures-- > 0 ? failure() : undefined));
    const task = app.task("task", { bind: true, expires: "1s" }, (self) => self.transaction(async () => "done"));
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(60_000);
    expect(await resultOf(id)).toMatchObject({ state: "SUCCESS", value: "done" });
  });

  test("finds its work done by another delivery is told so, and leaves nothing behind, whatever its task makes of it", async () => {
    const { app, clock, dead, resultOf, waiting } = await setUpEnding(lost);
    const thrown: unknown[] = [];
    const task = app.task("task", { bind: true, retryFor: true }, async (self) => {
      await self.transaction(() => Promise.resolve()).catch((error: unknown) => thrown.push(codeOf(error)));
      throw new Error("order failed");
    });
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(60_000);
    expect([thrown, await resultOf(id), await dead()]).toEqual([["TASK_TRANSACTION"], undefined, []]);
    expect([await waiting("unsettled"), await waiting("delayed"), await waiting()]).toEqual([[], [], []]);
  });
});

describe("a time limit that passes", () => {
  test("while a transaction works ends the task as it ends any other, and the transaction is rolled back", async () => {
    const { app, clock, kept, write, dead, resultOf, waiting } = await setUp();
    const ended: unknown[] = [];
    const options = { bind: true, timeLimit: "1s", retryFor: true, maxRetries: 1, retryBackoff: 0 } as const;
    const task = app.task("task", options, async (self) => {
      const done = self.transaction(async () => {
        await clock.sleep(2_000);
        await write("late");
      });
      await done.catch((error: unknown) => ended.push(codeOf(error)));
    });
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(60_000);
    expect([ended, kept]).toEqual([["TASK_ENDED", "TASK_ENDED"], []]);
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "TimeLimitExceeded" } });
    expect([(await dead()).length, await waiting("delayed"), await waiting()]).toEqual([1, [], []]);
  });

  test("while it is committed waits for how that goes", async () => {
    const { app, clock, dead, resultOf } = await setUpEnding(() => clock.sleep(2_000).then(() => undefined));
    const task = app.task("task", { bind: true, timeLimit: "1s" }, (self) => self.transaction(async () => "done"));
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(60_000);
    expect([await resultOf(id), await dead()]).toMatchObject([{ state: "SUCCESS", value: "done" }, []]);
  });

  test("while it is refused its commit ends the task", async () => {
    const { app, clock, dead, resultOf } = await setUpEnding(() =>
      clock.sleep(2_000).then(() => new TransportUnavailableError("away")),
    );
    const task = app.task("task", { bind: true, timeLimit: "1s" }, (self) => self.transaction(async () => "done"));
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(60_000);
    expect([await resultOf(id), (await dead()).length]).toMatchObject([{ state: "FAILURE" }, 1]);
  });
});
