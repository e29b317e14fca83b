import { afterEach, describe, expect, test } from "vitest";
import { workerHarness } from "../test-support/worker-harness.ts";
import type { HarnessOptions, WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const setUp = async (options: HarnessOptions = {}): Promise<WorkerHarness> => (harness = await workerHarness(options));
describe("what a task throws", () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const huge = new Error("x".repeat(1_000_000));
  huge.stack = "s".repeat(1_000_000);
  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "boom"],
    ["a frozen error", Object.freeze(new TypeError("cold"))],
    ["a huge error", huge],
    ["an object that holds itself", cyclic],
    [
      "a proxy that throws",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("no");
          },
          getPrototypeOf: () => {
            throw new Error("no");
          },
        },
      ),
    ],
    [
      "an error whose message throws",
      Object.defineProperty(new Error("x"), "message", {
        get: () => {
          throw new Error("no");
        },
      }),
    ],
  ])("is stored, bounded, as a failure: %s", async (_what, thrown) => {
    const { app, resultOf, dead, until } = await setUp();
    app.task("early", { retryFor: [RangeError] }, () => {
      // eslint-disable-next-line typescript/only-throw-error -- that is the point
      throw thrown;
    });
    const late = app.task("late", { retryFor: [RangeError] }, () => Promise.reject(thrown as Error));
    await app.worker().start();
    const ids = [(await late.delay()).id, (await app.remote("early").delay()).id];
    await until(async () => (await dead()).length === 2);
    for (const id of ids) expect((await resultOf(id))?.state).toBe("FAILURE");
    const records = (await harness.backend.results?.get(ids)) ?? [];
    for (const record of records) expect(record?.document.length).toBeLessThan(20_000);
  });

  test("through a then that throws is a failure as well", async () => {
    const { app, resultOf, until } = await setUp();
    const task = app.task("task", () =>
      // eslint-disable-next-line unicorn/no-thenable -- that is the point
      Object.defineProperty({}, "then", {
        get: () => {
          throw new RangeError("then");
        },
      }),
    );
    await app.worker().start();
    const { id } = await task.delay();
    await until(async () => (await resultOf(id)) !== undefined);
    expect(await resultOf(id)).toMatchObject({ state: "FAILURE", error: { type: "RangeError" } });
  });
});
