import type { ResultRecord, Results } from "@lovage/backend";
import { BackendUnavailableError } from "@lovage/backend";
import type { VirtualClock } from "@lovage/foundation";
import { ConfigurationError, virtualClock } from "@lovage/foundation";
import { describe, expect, test } from "vitest";
import { memoryBackend, resultPut } from "../test-support/memory-results.ts";
import { ResultWaits } from "./result-waits.ts";

interface WatchCall {
  readonly ids: readonly string[];
  closed: boolean;
}

/** Results in memory that count how they are watched. */
async function watched(clock: VirtualClock): Promise<{ readonly results: Results; readonly calls: WatchCall[] }> {
  const { results } = await memoryBackend(clock);
  const calls: WatchCall[] = [];
  const watch: Results["watch"] = async (taskIds, listener) => {
    const call = { ids: taskIds, closed: false };
    calls.push(call);
    const handle = await results.watch(taskIds, listener);
    return {
      close: () => {
        call.closed = true;
        handle.close();
      },
    };
  };
  const put: Results["put"] = (puts) => results.put(puts);
  return { results: { ...results, put, watch }, calls };
}

const expectRejection = async (promise: Promise<unknown>, error: Record<string, unknown>): Promise<void> => {
  await expect(promise).rejects.toMatchObject(error);
};
const forever = { timeoutMs: undefined, signal: undefined };
const succeeded = (taskId: string) => resultPut({ taskId, state: "SUCCESS", value: taskId });

async function setUp() {
  const clock = virtualClock();
  const { results, calls } = await watched(clock);
  return { clock, results, calls, waits: new ResultWaits(clock, results) };
}

test("all who begin to wait in one turn cost one watch, which ends with the last of them", async () => {
  const { clock, results, calls, waits } = await setUp();
  const ids = Array.from({ length: 1_000 }, (_, n) => `task-${n}`);
  const all = Promise.all([...ids, ...ids].map((id) => waits.wait(id, forever)));
  await clock.advance(0);
  expect(calls.map(({ ids: asked }) => asked.length)).toEqual([1_000]);
  await results.put(ids.map(succeeded));
  const records = await all;
  expect(records.map(({ taskId }) => taskId)).toEqual([...ids, ...ids]);
  expect(calls[0]?.closed).toBe(true);
});

test("a result that is there already is found", async () => {
  const { results, waits, calls } = await setUp();
  await results.put([succeeded("a")]);
  await expect(waits.wait("a", forever)).resolves.toMatchObject({ taskId: "a", state: "SUCCESS" });
  await expect(waits.wait("a", forever)).resolves.toMatchObject({ taskId: "a", state: "SUCCESS" });
  expect(calls.map(({ closed }) => closed)).toEqual([true, true]);
});

test("states that are not final are passed over", async () => {
  const { clock, results, waits } = await setUp();
  const ended: ResultRecord[] = [];
  const waiting = waits.wait("a", forever).then((record) => ended.push(record));
  await clock.advance(0);
  for (const state of ["STARTED", "RETRY", "PROGRESS"])
    await results.put([resultPut({ taskId: "a", state, value: 1 })]);
  await clock.advance(0);
  expect(ended).toEqual([]);
  await results.put([resultPut({ taskId: "a", state: "FAILURE", value: 1 })]);
  await waiting;
  expect(ended).toMatchObject([{ state: "FAILURE" }]);
});

describe("a wait that ends early", () => {
  test("by its timeout names the state last seen, and leaves nothing behind", async () => {
    const { clock, results, calls, waits } = await setUp();
    const waiting = waits.wait("a", { timeoutMs: 1_000, signal: undefined });
    const told = expectRejection(waiting, {
      name: "TimeoutError",
      code: "RESULT_TIMEOUT",
      taskId: "a",
      message: expect.stringMatching(/after 1s\. Its state is STARTED/) as string,
    });
    await clock.advance(0);
    await results.put([resultPut({ taskId: "a", state: "STARTED" })]);
    await clock.advance(999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    await told;
    expect([clock.pending, calls[0]?.closed]).toEqual([0, true]);
  });

  test("by its timeout says so where another process may have sent the call", async () => {
    const { clock, results } = await setUp();
    const waiting = new ResultWaits(clock, results, "caller").wait("a", { timeoutMs: 1_000, signal: undefined });
    const told = expectRejection(waiting, { message: expect.stringContaining("another process sent it") as string });
    await clock.advance(1_000);
    await told;
  });

  test("by its signal rejects with the signal's reason, and the others wait on", async () => {
    const { clock, results, calls, waits } = await setUp();
    const controller = new AbortController();
    const aborted = waits.wait("a", { timeoutMs: 5_000, signal: controller.signal });
    const other = waits.wait("a", forever);
    await clock.advance(0);
    controller.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    expect([clock.pending, calls[0]?.closed]).toEqual([0, false]);
    await results.put([succeeded("a")]);
    await expect(other).resolves.toMatchObject({ state: "SUCCESS" });
    expect(calls[0]?.closed).toBe(true);
  });

  test("by a signal that has aborted watches nothing", async () => {
    const { clock, calls, waits } = await setUp();
    const waiting = waits.wait("a", { timeoutMs: undefined, signal: AbortSignal.abort(new Error("before")) });
    await expect(waiting).rejects.toThrow("before");
    await clock.advance(0);
    expect(calls).toEqual([]);
  });

  test("before the watch has begun watches nothing", async () => {
    const { clock, calls, waits } = await setUp();
    const controller = new AbortController();
    const waiting = waits.wait("a", { timeoutMs: undefined, signal: controller.signal });
    controller.abort(new Error("at once"));
    await expect(waiting).rejects.toThrow("at once");
    await clock.advance(0);
    expect(calls).toEqual([]);
  });
});

test("a watch that fails for good is told to all who wait, and the next wait tries again", async () => {
  const { clock, results, waits } = await setUp();
  const { watch } = results;
  results.watch = () => Promise.reject(new ConfigurationError("no such table"));
  const failed = Promise.allSettled([waits.wait("a", { timeoutMs: 9, signal: undefined }), waits.wait("b", forever)]);
  await clock.advance(0);
  expect(await failed).toMatchObject([
    { reason: { code: "CONFIGURATION_INVALID" } },
    { reason: { code: "CONFIGURATION_INVALID" } },
  ]);
  expect(clock.pending).toBe(0);
  results.watch = watch;
  await results.put([succeeded("a")]);
  await expect(waits.wait("a", forever)).resolves.toMatchObject({ state: "SUCCESS" });
});

test("while the store is away a wait goes on until its deadline, and ends well when the store is back", async () => {
  const { clock, results, waits } = await setUp();
  const { watch } = results;
  let attempts = 0;
  results.watch = () => {
    attempts += 1;
    return Promise.reject(new BackendUnavailableError("away"));
  };
  const short = expectRejection(waits.wait("a", { timeoutMs: 5_000, signal: undefined }), { code: "RESULT_TIMEOUT" });
  const long = waits.wait("b", forever);
  await clock.advance(60_000);
  await short;
  expect(attempts, "attempts in a minute").toBeLessThan(70);
  results.watch = watch;
  await results.put([succeeded("b")]);
  await clock.advance(2_000);
  await expect(long).resolves.toMatchObject({ state: "SUCCESS" });
  expect(clock.pending).toBe(0);
});

test("closing ends waits on a store that is away, and nothing is left", async () => {
  const { clock, results, waits } = await setUp();
  results.watch = () => Promise.reject(new BackendUnavailableError("away"));
  const ended = expectRejection(waits.wait("a", forever), { code: "CLOSED" });
  await clock.advance(1_000);
  waits.close();
  await ended;
  expect(clock.pending).toBe(0);
});

test("when few of many are left, they are watched anew and the large watch is closed", async () => {
  const { clock, results, calls, waits } = await setUp();
  const ids = Array.from({ length: 100 }, (_, n) => `task-${n}`);
  const all = ids.map((id) => waits.wait(id, forever));
  await clock.advance(0);
  await results.put(ids.slice(0, 90).map(succeeded));
  await clock.advance(0);
  expect(calls.map(({ ids: asked, closed }) => [asked.length, closed])).toEqual([
    [100, true],
    [25, false],
  ]);
  await results.put(ids.slice(90).map(succeeded));
  await Promise.all(all);
  expect(calls.every(({ closed }) => closed)).toBe(true);
});

test("closing rejects all who wait, and all who come later", async () => {
  const { clock, calls, waits } = await setUp();
  const waiting = Promise.allSettled([waits.wait("a", { timeoutMs: 9, signal: undefined }), waits.wait("b", forever)]);
  await clock.advance(0);
  waits.close();
  waits.close();
  expect(await waiting).toMatchObject([{ reason: { code: "CLOSED" } }, { reason: { code: "CLOSED" } }]);
  await expect(waits.wait("c", forever)).rejects.toMatchObject({ code: "CLOSED" });
  expect([clock.pending, calls[0]?.closed]).toEqual([0, true]);
});
