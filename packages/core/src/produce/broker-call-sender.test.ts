import type { Backend } from "@lovage/backend";
import { virtualClock } from "@lovage/foundation";
import { describe, expect, test } from "vitest";
import { chain } from "../canvas/chain.ts";
import { chord } from "../canvas/chord.ts";
import { group } from "../canvas/group.ts";
import { every } from "../beat/schedule/every.ts";
import { createApp } from "../app/create-app.ts";
import { decodeTask } from "../protocol/decode-task.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { memoryBackend } from "../test-support/memory-results.ts";
import { recordedLog } from "../test-support/recorded-log.ts";
import { changedResults } from "../worker/test-support/worker-harness.ts";

const setUp = (options: { readonly backend?: Backend } = {}) => {
  const connection = fakeConnection();
  const clock = virtualClock();
  const app = createApp({ broker: connection, log: recordedLog(), clock, ...options });
  return { app, connection, clock };
};

const withCode = (code: string, more: Record<string, unknown> = {}): Error =>
  expect.objectContaining({ code, ...more }) as Error;

describe("a call", () => {
  test("has time limits that fit those of its task, or is refused", async () => {
    const { app, connection } = setUp();
    const limits = { timeLimit: "30s", softTimeLimit: "25s" } as const;
    const here = app.task("here", limits, () => 1);
    const there = app.remote<() => number>("there", limits);
    for (const task of [here, there]) {
      await expect(task.applyAsync([], { softTimeLimit: "40s" })).rejects.toThrow(
        withCode("OPTION_INVALID", { field: "softTimeLimit" }),
      );
    }
    await there.applyAsync([], { timeLimit: "10s" });
    await there.applyAsync([], { timeLimit: "1m" });
    await there.applyAsync([], { softTimeLimit: "20s" });
    const sent = connection.published.map((message) => {
      const { timeLimitMs, softTimeLimitMs } = decodeTask(message);
      return [timeLimitMs, softTimeLimitMs];
    });
    expect(sent).toEqual([
      [10_000, undefined],
      [60_000, 25_000],
      [30_000, 20_000],
    ]);
  });

  test("of many has no link, whose id all of them would share", async () => {
    const { app, connection } = setUp();
    const add = app.task("add", (x: number, y: number) => x + y);
    const options = { link: add.s(1) } as object;
    await expect(add.applyMany([[1, 2]], options)).rejects.toThrow(withCode("OPTION_INVALID", { field: "link" }));
    expect(connection.published).toEqual([]);
  });

  test("has no header that would steer the worker, and be hidden from the task", async () => {
    const { app, connection } = setUp();
    const add = app.task("add", (x: number, y: number) => x + y);
    const headers = { "x-lovage-turn": 1 };
    const refused = withCode("OPTION_INVALID", { field: "headers" });
    await expect(add.applyAsync([1, 2], { headers })).rejects.toThrow(refused);
    await expect(add.applyMany([[1, 2]], { headers })).rejects.toThrow(refused);
    await expect(chain(add.s(1, 2).set({ headers }), add.s(3)).delay()).rejects.toThrow(refused);
    expect(() => app.schedule("add", { task: add, schedule: every("1m"), args: [1, 2], options: { headers } })).toThrow(
      refused,
    );
    expect(connection.published).toEqual([]);
  });

  test("expires as long after it is due as its task says, and when it says itself", async () => {
    const { app, clock, connection } = setUp();
    const task = app.task("task", { expires: "1h" }, () => 1);
    const eta = new Date(clock.now() + 7_200_000);
    await task.delay();
    await task.applyAsync([], { countdown: "2h" });
    await task.applyAsync([], { eta });
    await task.si().set({ countdown: "2h" }).delay();
    await task.applyAsync([], { countdown: "2h", expires: "150m" });
    const expiries = connection.published.map((message) => (decodeTask(message).expiresAtMs ?? 0) - clock.now());
    expect(expiries.map((ms) => ms / 3_600_000)).toEqual([1, 3, 3, 3, 2.5]);
  });

  test("that is cancelled stays so for 31 days, and until it would have been due and as long as results are kept after that", async () => {
    const kept: number[] = [];
    const backend = changedResults(await memoryBackend(virtualClock()), (results) => ({
      put: (puts) => {
        kept.push(...puts.map(({ expiresInMs }) => expiresInMs));
        return results.put(puts);
      },
    }));
    const { app, clock } = setUp({ backend });
    const task = app.task("task", { resultExpires: "1h" }, () => 1);
    const hourMs = 3_600_000;
    const leastMs = 31 * 24 * hourMs;
    await (await task.delay()).cancel();
    await (await task.applyAsync([], { countdown: "2d" })).cancel();
    await (await task.applyAsync([], { countdown: "32d" })).cancel();
    const [many] = await task.applyMany([[]], { eta: new Date(clock.now() + leastMs) });
    await many?.cancel();
    await (await task.applyAsync([], { eta: new Date(0) })).cancel();
    expect(kept).toEqual([leastMs, leastMs, leastMs + 25 * hourMs, leastMs + hourMs, leastMs]);

    kept.length = 0;
    const [one, late] = [task.si(), task.si().set({ countdown: "32d" })];
    await (await one.delay()).cancel();
    await (await late.delay()).cancel();
    await (await group([one, late]).delay()).cancel();
    await (await group([one, one]).set({ countdown: "33d" }).delay()).cancel();
    await (await chain(late, late, group([one, late])).delay()).cancel();
    await (await chord(group([one, late]), late).delay()).cancel();
    expect(kept.map((ms) => ms / hourMs)).toEqual([744, 769, 744, 769, 793, 793, 1_537, 2_305, 1_537]);
  });
});
