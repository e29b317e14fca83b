import type { Connection } from "@lovage/transport";
import { describe, expect, test } from "vitest";
import { createApp } from "../app/create-app.ts";
import { chain } from "../canvas/chain.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { recordedLog } from "../test-support/recorded-log.ts";
import type { RecordedLog } from "../test-support/recorded-log.ts";
import { changed, workerHarness } from "../worker/test-support/worker-harness.ts";

/** A broker whose queues have no priorities, but for the queue "urgent". */
function plain(connection: Connection): Connection {
  return changed(connection, {
    capabilitiesOf: (queue) => ({ ...connection.capabilities, priorities: queue === "urgent" }),
  });
}

function told(log: RecordedLog): readonly unknown[] {
  const lines = log.lines.filter(([, , { code }]) => code === "priority-disregarded");
  return lines.map(([level, , { queue, task }]) => [level, queue, task]);
}

describe("a priority where the queue has none", () => {
  test("is told of by who sends it, once for each queue", async () => {
    const log = recordedLog();
    const app = createApp({ broker: plain(fakeConnection()), log, taskDefaults: { priority: 3 } });
    const task = app.task("task", () => 1);
    await task.applyAsync([], { priority: 0 });
    await task.applyAsync([], { queue: "urgent" });
    expect(log.lines).toEqual([]);
    await task.delay();
    await task.applyMany([[], []], { priority: 9 });
    await chain(task.si(), task.si()).applyAsync([], { queue: "other" });
    expect(told(log)).toEqual([
      ["warn", "default", "task"],
      ["warn", "other", "task"],
    ]);
    expect(log.lines[0]?.[1]).toContain('Queue "default" has no priorities in this broker: priority 3 of task "task"');
  });

  test("is told of by a worker that takes such tasks, as it starts", async () => {
    const harness = await workerHarness({ wrapConnection: plain });
    const { app, log } = harness;
    app.task("quick", { priority: 5, queue: "urgent" }, () => 1);
    app.task("elsewhere", { priority: 5, queue: "elsewhere" }, () => 1);
    app.task("usual", () => 1);
    app.task("first", { priority: 5 }, () => 1);
    app.task("second", { priority: 6 }, () => 1);
    await app.worker({ queues: ["default", "urgent"] }).start();
    expect(told(log)).toEqual([["warn", "default", "first"]]);
    await harness.close();
  });

  test("is no reason for a worker not to start, whatever `routes` throws", async () => {
    const harness = await workerHarness({ routes });
    harness.app.task("mine", () => 1);
    harness.app.task("other", () => 1);
    harness.app.remote("ml.score");
    const starting = harness.app.worker({ queues: ["default"] }).start();
    await expect(starting).resolves.toBeUndefined();
    await harness.close();
  });
});

function routes(task: string): undefined {
  if (task !== "mine") throw new Error("no route");
}
