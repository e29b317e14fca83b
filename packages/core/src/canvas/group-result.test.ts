import { virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";
import { createApp } from "../app/create-app.ts";
import { describeError } from "../protocol/describe-error.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { memoryBackend, resultPut } from "../test-support/memory-results.ts";
import { recordedLog } from "../test-support/recorded-log.ts";
import { createGroupResult } from "./group-result.ts";

async function setUp() {
  const clock = virtualClock();
  const { results, ...backend } = await memoryBackend(clock);
  const whole = { ...backend, results, sweep: async () => 0, close: async () => {} };
  const app = createApp({ broker: fakeConnection(), backend: whole, clock, log: recordedLog() });
  const group = createGroupResult(
    "group",
    ["a", "b", "c"].map((id) => app.result(id)),
  );
  return { clock, results, group };
}

test("results of all members, in their order", async () => {
  const { clock, results, group } = await setUp();
  const waiting = group.get({ timeout: "1h" });
  await results.put(["c", "a", "b"].map((taskId) => resultPut({ taskId, state: "SUCCESS", value: taskId })));
  await expect(waiting).resolves.toEqual(["a", "b", "c"]);
  expect(clock.pending).toBe(0);
});

test("after a failure of one nobody waits for the others", async () => {
  const { clock, results, group } = await setUp();
  const waiting = Promise.allSettled([group.get({ timeout: "1h" })]);
  await clock.advance(0);
  await results.put([resultPut({ taskId: "b", state: "FAILURE", exception: describeError(new RangeError("far")) })]);
  expect(await waiting).toMatchObject([{ status: "rejected", reason: { name: "RangeError" } }]);
  expect(clock.pending).toBe(0);
});

test("a signal of the caller's ends the wait for all", async () => {
  const { clock, group } = await setUp();
  const caller = new AbortController();
  const waiting = Promise.allSettled([group.get({ timeout: "1h", signal: caller.signal })]);
  await clock.advance(0);
  caller.abort(new Error("enough"));
  expect(await waiting).toMatchObject([{ status: "rejected", reason: { message: "enough" } }]);
  expect(clock.pending).toBe(0);
});
