import type { Backend } from "@lovage/backend";
import { virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";
import type { AppRuntime } from "../app/app-runtime.ts";
import { memoryBackend, resultPut } from "../test-support/memory-results.ts";
import { ResultSource } from "./result-source.ts";

/** A source whose backend takes 400 ms to open. */
async function slowSource() {
  const clock = virtualClock();
  const { results } = await memoryBackend(clock);
  const backend = async (): Promise<Backend> => {
    await clock.sleep(400);
    return { results, capabilities: { readers: "any" } } as Backend;
  };
  return { clock, results, source: new ResultSource({ clock, name: "shop", backend } as unknown as AppRuntime) };
}

test.each([
  ["opens within it", 1_000, "1s"],
  ["does not open within it", 300, "300ms"],
])(
  "the time of a wait holds for a backend that %s, and the error tells the time asked for",
  async (_case, timeoutMs, told) => {
    const { clock, source } = await slowSource();
    const startedAtMs = clock.now();
    let endedAtMs = 0;
    const wait = source.wait("a", { timeoutMs, signal: undefined }).finally(() => (endedAtMs = clock.now()));
    const [[settled]] = await Promise.all([Promise.allSettled([wait]), clock.advance(2_000)]);
    expect(endedAtMs - startedAtMs).toBe(timeoutMs);
    expect(settled).toMatchObject({
      status: "rejected",
      reason: { code: "RESULT_TIMEOUT", message: expect.stringContaining(`has no result after ${told}.`) as string },
    });
  },
);

test("a result that comes after the opening is given", async () => {
  const { clock, results, source } = await slowSource();
  const waiting = source.wait("a", { timeoutMs: 1_000, signal: undefined });
  await clock.advance(500);
  await results.put([resultPut({ taskId: "a", state: "SUCCESS", value: 1 })]);
  await expect(waiting).resolves.toMatchObject({ taskId: "a", state: "SUCCESS" });
});

test("who waits while the backend is opened is told when the app is closed", async () => {
  const { clock, source } = await slowSource();
  const waiting = Promise.allSettled([source.wait("a", { timeoutMs: undefined, signal: undefined })]);
  source.close();
  await clock.advance(500);
  await expect(waiting).resolves.toMatchObject([{ status: "rejected", reason: { code: "CLOSED" } }]);
});
