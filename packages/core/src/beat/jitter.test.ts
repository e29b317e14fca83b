import { expect, test } from "vitest";
import { every } from "./schedule/every.ts";
import { beatHarness } from "./test-support/beat-harness.ts";

test.each(["the schedule", "the task"])(
  "jitter does not count against the time after which ticks expire, that of %s",
  async (whose) => {
    await using harness = await beatHarness();
    const app = harness.join();
    let runs = 0;
    const own = { expires: "5s" } as const;
    const task = app.task("task", whose === "the task" ? own : {}, () => void (runs += 1));
    const options = whose === "the task" ? {} : own;
    app.schedule("spread", { task, schedule: every("1m"), jitter: "30s", options });
    await app.beat().start();
    await app.worker().start();
    await harness.clock.advance(30 * 60_000 + 40_000);
    expect(runs).toBe(30);
  },
);
