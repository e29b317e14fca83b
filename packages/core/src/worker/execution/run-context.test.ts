import { afterEach, describe, expect, test } from "vitest";
import { changedResults, workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";
import type { TaskContext } from "../run/task-context.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;
describe("the context of a run", () => {
  test("tells what is known of the call and of its delivery", async () => {
    const { app } = await setUp();
    const task = app.task("task", { bind: true }, (self) => {
      const { id, name, retries, rootId, headers, delivery } = self;
      return {
        id,
        name,
        retries,
        rootId,
        headers,
        delivery,
        parentId: self.parentId ?? null,
        groupId: self.groupId ?? null,
      };
    });
    await app.worker().start();
    const result = await task.applyAsync([], { taskId: "x", headers: { tenant: "acme" } });
    expect(await result.get()).toEqual({
      id: "x",
      name: "task",
      retries: 0,
      rootId: "x",
      parentId: null,
      groupId: null,
      headers: { tenant: "acme" },
      delivery: { queue: "default", count: 1, redelivered: false, token: expect.any(String) as string },
    });
  });

  test("writes log lines that name the task", async () => {
    const { app, log } = await setUp();
    const task = app.task("task", { bind: true }, (self) => self.log.info("sending", { to: 1 }));
    await app.worker().start();
    await (await task.applyAsync([], { taskId: "x" })).get();
    expect(log.lines).toContainEqual([
      "info",
      "sending",
      expect.objectContaining({ task: "task", taskId: "x", to: 1 }),
    ]);
  });

  test("makes what is sent from inside a task a child of it", async () => {
    const { app, clock, until } = await setUp();
    const seen: unknown[] = [];
    const child = app.task("child", { bind: true }, (self) => void seen.push([self.parentId, self.rootId]));
    const parent = app.task("parent", async () => {
      await clock.sleep(10);
      await child.delay();
    });
    await app.worker().start();
    await parent.applyAsync([], { taskId: "p" });
    await until(() => seen.length === 1);
    expect(seen).toEqual([["p", "p"]]);
  });

  test("refuses a mistyped option of a retry, which would otherwise wait for the back-off", async () => {
    const { app } = await setUp();
    const task = app.task("task", { bind: true }, (self) => {
      throw self.retry({ cuontdown: "1h" } as never);
    });
    await app.worker().start();
    await expect((await task.delay()).get()).rejects.toThrow(
      'task.retry has no option "cuontdown". Did you mean "countdown"?',
    );
  });

  test("refuses a transaction without work", async () => {
    const { app } = await setUp();
    const task = app.task("task", { bind: true }, (self) => self.transaction(undefined as never));
    await app.worker().start();
    await expect((await task.delay()).get()).rejects.toThrow("task.transaction takes a function; it is undefined.");
  });

  test("refuses all methods once the run is over", async () => {
    const { app } = await setUp();
    const contexts: TaskContext[] = [];
    const task = app.task("task", { bind: true }, (self) => void contexts.push(self));
    await app.worker().start();
    await (await task.delay()).get();
    const [context] = contexts;
    expect(() => context?.retry()).toThrow(expect.objectContaining({ code: "TASK_ENDED" }) as Error);
    await expect(context?.updateState("LATE")).rejects.toMatchObject({ code: "TASK_ENDED" });
  });

  test.each([
    ["countdown", { countdown: -1 }],
    ["countdown", { countdown: Number.NaN }],
    ["countdown", { countdown: "1s", eta: new Date() }],
    ["eta", { eta: new Date("never") }],
    ["maxRetries", { maxRetries: 0.5 }],
  ])("refuses a retry with a bad %s", async (field, options) => {
    const { app } = await setUp();
    const thrown: unknown[] = [];
    const task = app.task("task", { bind: true }, (self) => {
      try {
        self.retry(options as never);
      } catch (error) {
        thrown.push(error);
      }
    });
    await app.worker().start();
    await (await task.delay()).get();
    expect(thrown).toEqual([expect.objectContaining({ code: "OPTION_INVALID", field })]);
  });
});

describe("updateState", () => {
  test("stores a state with its data, which the end replaces", async () => {
    const { app, until } = await setUp();
    const gate = Promise.withResolvers<void>();
    const task = app.task("task", { bind: true }, async (self) => {
      await self.updateState("PROGRESS", { done: 1, of: 3 });
      await gate.promise;
      return "end";
    });
    await app.worker().start();
    const result = await task.delay();
    await until(async () => (await result.state()) === "PROGRESS");
    await expect(result.info()).resolves.toEqual({ done: 1, of: 3 });
    gate.resolve();
    await expect(result.get()).resolves.toBe("end");
  });

  test.each(["SUCCESS", "REVOKED", "PENDING", "", "x".repeat(51), "a\0b", "a\nb", 5])(
    "refuses the state %j",
    async (state) => {
      const { app, resultOf, until } = await setUp();
      const task = app.task("task", { bind: true }, (self) => self.updateState(state as string));
      await app.worker().start();
      const { id } = await task.delay();
      await until(async () => (await resultOf(id))?.state === "FAILURE");
      expect((await resultOf(id))?.error?.message).toContain("updateState takes a state of your own");
    },
  );

  test("stores nothing for a task without a result", async () => {
    const { app, resultOf, until } = await setUp();
    let runs = 0;
    const task = app.task("task", { bind: true, ignoreResult: true }, async (self) => {
      await self.updateState("PROGRESS");
      runs += 1;
    });
    await app.worker().start();
    const { id } = await task.delay();
    await until(() => runs === 1);
    expect(await resultOf(id)).toBeUndefined();
  });

  test("aborts the signal when it finds that the call was cancelled", async () => {
    const { app, backend, clock, resultOf } = await setUp({
      wrapBackend: (given) => changedResults(given, () => ({ revocations: async () => ({ taskIds: [], cursor: "" }) })),
    });
    const aborted: boolean[] = [];
    const task = app.task("task", { bind: true }, async (self) => {
      const document = '{"status":"REVOKED","result":null}';
      await backend.results?.put([{ taskId: self.id, state: "REVOKED", document, fence: null, expiresInMs: 1e6 }]);
      aborted.push(self.signal.aborted);
      await self.updateState("PROGRESS");
      aborted.push(self.signal.aborted);
    });
    await app.worker().start();
    const { id } = await task.delay();
    await clock.advance(1_000);
    expect([aborted, (await resultOf(id))?.state]).toEqual([[false, true], "REVOKED"]);
  });

  test.each(["STARTED", "SUCCESS"])("throws when another worker has the task by now, or had it (%s)", async (state) => {
    const { app, backend, until } = await setUp();
    const thrown: unknown[] = [];
    const task = app.task("task", { bind: true }, async (self) => {
      const document = `{"status":"${state}","result":null}`;
      await backend.results?.put([{ taskId: self.id, state, document, fence: [0, 1e9], expiresInMs: 1e5 }]);
      await self.updateState("PROGRESS").catch((error: unknown) => thrown.push(error));
      throw self.retry({ countdown: "1h" });
    });
    const worker = app.worker();
    await worker.start();
    await task.delay();
    await until(() => thrown.length > 0);
    expect(codeOf(thrown[0])).toBe("LEASE_LOST");
    await worker.stop({ timeout: 0 });
  });
});
