import type { Transact } from "@lovage/transport";
import { afterEach, expect, test } from "vitest";
import { chain } from "../canvas/chain.ts";
import { changed, changedResults, workerHarness } from "./test-support/worker-harness.ts";
import type { WorkerHarness } from "./test-support/worker-harness.ts";

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
  expect([runs, kept]).toEqual([3, [3]]);
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
