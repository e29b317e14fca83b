import { TransportUnavailableError } from "@lovage/transport";
import type { Connection } from "@lovage/transport";
import { describe, expect, test } from "vitest";
import { changed } from "../worker/test-support/worker-harness.ts";
import { every } from "./schedule/every.ts";
import { beatHarness, mortalBackend } from "./test-support/beat-harness.ts";

test("a tick that cannot be published does not keep its successors from running", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  const ran: unknown[] = [];
  let isWrong = true;
  const task = app.task(
    "task",
    {
      input: {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: (value: unknown) => (isWrong ? { issues: [{ message: "wrong" }] } : { value: value as [] }),
        },
      },
    },
    () => void ran.push(harness.clock.now()),
  );
  app.schedule("often", { task, schedule: every("1m"), overlap: "skip" });
  await app.worker().start();
  await app.beat().start();
  await harness.clock.advance(150_000);
  expect(harness.log.lines.filter(([, text]) => text === "A tick cannot be published; it is left out.")).toHaveLength(
    2,
  );
  isWrong = false;
  await harness.clock.advance(180_000);
  expect(ran).toHaveLength(3);
});

test("a tick that waits for the run before it is not missed, however long that takes", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  const started: string[] = [];
  const slow = app.task("slow", async () => {
    started.push(new Date(harness.clock.now()).toISOString().slice(14, 16));
    await harness.clock.sleep(540_000);
  });
  app.schedule("slow", { task: slow, schedule: every("5m"), overlap: "queue", missed: "skip", maxRuns: 3 });
  await app.worker().start();
  await app.beat().start();
  await harness.clock.advance(3_600_000);
  expect(started).toEqual(["05", "14", "23"]);
});

test.each([
  ["skip", "10s", 60_000, "latest"],
  ["skip", "10s", 60_000, "skip"],
  ["queue", "5s", 12_000, "latest"],
  ["queue", "5s", 60_000, "skip"],
] as const)(
  "runs go on after the broker was away (%s, every %s, for %i ms, missed: %s)",
  async (overlap, interval, awayMs, missed) => {
    await using harness = await beatHarness();
    const { clock } = harness;
    let isAway = false;
    const wrapBroker = (broker: Connection) =>
      changed(broker, {
        publish: (messages, options) =>
          isAway ? Promise.reject(new TransportUnavailableError("away")) : broker.publish(messages, options),
      });
    const app = harness.join({ wrapBroker });
    const ran: number[] = [];
    const task = app.task("task", () => void ran.push(clock.now()));
    app.schedule("often", { task, schedule: every(interval), overlap, missed });
    await app.worker().start();
    await app.beat().start();
    await clock.advance(60_000);
    isAway = true;
    await clock.advance(awayMs);
    isAway = false;
    const backAtMs = clock.now();
    await clock.advance(300_000);
    const intervalMs = interval === "5s" ? 5_000 : 10_000;
    const after = ran.filter((atMs) => atMs > backAtMs);
    expect(after.length).toBeGreaterThanOrEqual(300_000 / intervalMs - 1);
  },
);

test("a tick whose beat ended as it was about to publish it is published by the next beat, however late that comes", async () => {
  await using harness = await beatHarness();
  const { clock } = harness;
  const mortal = mortalBackend(harness.backend);
  const ran: string[] = [];
  const start = async (options: Parameters<typeof harness.join>[0]) => {
    const app = harness.join(options);
    const task = app.task("task", { bind: true }, (self) => void ran.push(self.headers["scheduled_at"] as string));
    app.schedule("often", { task, schedule: every("1m"), overlap: "skip" });
    await app.beat().start();
    return app;
  };
  const publish = () => (mortal.setAway(true), new Promise<never>(() => {}));
  await start({ wrapBackend: () => mortal.backend, wrapBroker: (broker) => changed(broker, { publish }) });
  await clock.advance(240_000);
  await (await start({})).worker().start();
  await clock.advance(150_000);
  expect(ran.map((instant) => instant.slice(14, 19))).toEqual(["01:00", "05:00", "06:00"]);
});

describe("a policy for runs that overlap, of a task that stores no results", () => {
  const refused = expect.objectContaining({ code: "OPTION_INVALID", field: "overlap" }) as Error;
  const policy = { schedule: every("10s"), overlap: "skip" } as const;

  test.each([
    ["the app's defaults", { taskDefaults: { ignoreResult: true } }, {}],
    ["the task, which the schedule names", {}, { ignoreResult: true }],
  ])("is refused where %s say so", async (_who, options, own) => {
    await using harness = await beatHarness();
    const [coded, app] = [harness.join(options), harness.join(options)];
    for (const each of [coded, app]) each.task("poll", own, () => {});
    coded.schedule("poll", { task: "poll", ...policy });
    await expect(coded.beat().start()).rejects.toThrow(refused);
    await expect(app.schedules.set("poll", { task: "poll", ...policy })).rejects.toThrow(refused);
    await app.schedules.set("poll", { task: "poll", ...policy, options: { ignoreResult: false } });
  });

  test("is told at each tick where another app has set it", async () => {
    await using harness = await beatHarness();
    await harness.join().schedules.set("poll", { task: "poll", ...policy });
    const app = harness.join();
    app.task("poll", { ignoreResult: true }, () => {});
    await app.beat().start();
    await harness.clock.advance(21_000);
    const told = harness.log.lines.filter(([, text]) => text === "A tick cannot be published; it is left out.");
    expect(told).toHaveLength(2);
  });
});
