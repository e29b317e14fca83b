import { replayOf } from "@lovage/transport";
import { afterEach, expect, test } from "vitest";
import { chain } from "../../canvas/chain.ts";
import * as marks from "../run/task-marks.ts";
import { workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

test.each(["of its task", "of the call"])(
  "a dead letter that is replayed after its time, %s, runs, and what comes after it",
  async (whose) => {
    harness = await workerHarness();
    const { app, clock, dead, until, resultOf } = harness;
    const expires = "1h";
    let runs = 0;
    const task = app.task("task", whose === "of its task" ? { expires } : {}, () => {
      runs += 1;
      if (runs === 1) throw new Error("not yet");
      return runs;
    });
    const next = app.task("next", (value: number) => value + 1);
    await app.worker().start();
    const first = whose === "of its task" ? task.s() : task.s().set({ expires });
    const result = await chain(first.set({ taskId: "first" }), next.s()).delay();
    await until(async () => (await dead()).length === 1);
    await clock.advance(7_200_000);
    expect(await app.queue("default").dead.replay("all")).toBe(1);
    await until(async () => (await resultOf("first"))?.state === "SUCCESS");
    expect([runs, await dead()]).toEqual([2, []]);
    await until(async () => (await resultOf(result.id))?.value === 3);
  },
);

test("dead letters that are replayed take their turns anew", async () => {
  harness = await workerHarness();
  const { app, clock, dead, until } = harness;
  const startsMs: number[] = [];
  let isAway = true;
  const task = app.task("task", { rateLimit: "6/m" }, () => {
    startsMs.push(clock.now());
    if (isAway) throw new Error("away");
  });
  await app.worker().start();
  await task.applyMany(Array.from({ length: 4 }, () => [] as const));
  await until(async () => (await dead()).length === 4);
  isAway = false;
  startsMs.length = 0;
  await app.queue("default").dead.replay("all");
  await until(() => startsMs.length === 4);
  const gaps = startsMs.slice(1).map((atMs, index) => atMs - startsMs[index]!);
  expect(Math.min(...gaps)).toBeGreaterThan(9_000);
});

test("a dead letter whose task no worker knew is kept for as long again when it is replayed", async () => {
  harness = await workerHarness({ unknownTaskTtl: "1h" });
  const { app, clock, dead, until, resultOf } = harness;
  const { id } = await app.remote("new").delay();
  await app.worker().start();
  await until(async () => (await dead()).length === 1, 4_000_000);
  await app.queue("default").dead.replay("all");
  await clock.advance(60_000);
  app.task("new", () => "done");
  await until(async () => (await resultOf(id))?.state === "SUCCESS");
  expect(await dead()).toEqual([]);
});

test("no mark of a run is left on what is replayed", () => {
  const names = Object.entries(marks).flatMap(([name, value]) =>
    typeof value === "string" && name.endsWith("Mark") ? [value] : [],
  );
  expect(names.length).toBeGreaterThan(3);
  const headers = Object.fromEntries(names.map((name) => [name, 1]));
  const properties = { messageId: "m", contentType: "x", contentEncoding: "binary" };
  expect(replayOf({ headers, properties, body: new Uint8Array() }, "q.dead").headers).toEqual({});
});
