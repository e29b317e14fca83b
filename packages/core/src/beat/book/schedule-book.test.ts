import { expect, test } from "vitest";
import { crontab } from "../schedule/crontab.ts";
import { every } from "../schedule/every.ts";
import { changed } from "../../worker/test-support/worker-harness.ts";
import { beatHarness } from "../test-support/beat-harness.ts";

const minute = 60_000;
const code = (value: string): unknown => expect.objectContaining({ code: value });

test("schedules of the code, of the configuration and of the store are listed alike", async () => {
  await using harness = await beatHarness();
  const schedules = { configured: { task: "note", schedule: crontab("0 12 * * *") } };
  const app = harness.join({ schedules });
  app.task("note", () => {});
  app.schedule("coded", { task: "note", schedule: every("1m"), options: { queue: "notes" } });
  await app.schedules.set("stored", { task: "note", schedule: every("1h"), args: [new Date(0)] });
  const before = await app.schedules.list();
  expect(before.map(({ name, source, runs }) => [name, source, runs])).toEqual([
    ["coded", "code", 0],
    ["configured", "code", 0],
    ["stored", "store", 0],
  ]);
  expect(before[2]).toMatchObject({ args: [new Date(0)], nextRunAt: new Date("2026-01-01T01:00:00Z") });
  await app.beat().start();
  await harness.clock.advance(2 * minute);
  expect(await app.schedules.get("coded")).toMatchObject({
    runs: 2,
    lastRunAt: new Date("2026-01-01T00:02:00Z"),
    nextRunAt: new Date("2026-01-01T00:03:00Z"),
  });
  expect(await harness.join().schedules.list()).toHaveLength(3);
  expect(await app.schedules.get("nothing")).toBeUndefined();
});

test("a change is seen by the beat that runs, and its ticks count from it", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  const seen: string[] = [];
  const note = app.task("note", (text: string) => void seen.push(text));
  await app.beat().start();
  await app.worker().start();
  await app.schedules.set("notes", { task: note, schedule: every("1m"), args: ["old"] });
  await harness.clock.advance(90_000);
  await app.schedules.set("notes", { task: note, schedule: every("10s"), args: ["new"] });
  await harness.clock.advance(25_000);
  expect(seen).toEqual(["old", "new", "new"]);
});

test("a paused schedule has no ticks, and what came in between is not made up for", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  let runs = 0;
  const count = app.task("count", () => void (runs += 1));
  app.schedule("counts", { task: count, schedule: every("1m") });
  await app.schedules.pause("counts");
  await app.beat().start();
  await app.worker().start();
  await harness.clock.advance(3 * minute + 1_000);
  expect(runs).toBe(0);
  expect(await app.schedules.get("counts")).toMatchObject({ isPaused: true, nextRunAt: undefined });
  await app.schedules.resume("counts");
  await app.schedules.resume("counts");
  await harness.clock.advance(2 * minute);
  expect(runs).toBe(2);
});

test.each([
  ["ahead", 60 * minute],
  ["behind", -60 * minute],
])("a change counts by the store's clock, though this machine's is an hour %s", async (_where, offsetMs) => {
  await using harness = await beatHarness();
  const { clock } = harness;
  const app = harness.join({
    wrapBackend: (backend) => changed(backend, { serverTimeMs: () => Promise.resolve(clock.now() - offsetMs) }),
  });
  let runs = 0;
  const count = app.task("count", () => void (runs += 1));
  await app.beat().start();
  await app.worker().start();
  await app.schedules.set("counts", { task: count, schedule: every("1m"), missed: { all: 10 } });
  await clock.advance(2 * minute + 1_000);
  expect(runs).toBe(2);
  await app.schedules.pause("counts");
  await clock.advance(10 * minute);
  await app.schedules.resume("counts");
  await clock.advance(2 * minute);
  expect(runs).toBe(4);
});

test("a removed schedule has no ticks; those of the code are removed there", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  let runs = 0;
  app.task("count", () => void (runs += 1));
  app.schedule("coded", { task: "count", schedule: every("1h") });
  await app.schedules.set("stored", { task: "count", schedule: every("1m") });
  const beat = app.beat();
  await beat.start();
  await app.worker().start();
  await harness.clock.advance(minute + 1_000);
  await app.schedules.remove("stored");
  await harness.clock.advance(5 * minute);
  expect(runs).toBe(1);
  await expect(app.schedules.remove("coded")).rejects.toEqual(code("OPTION_INVALID"));
  await expect(app.schedules.set("coded", { task: "count", schedule: every("1m") })).rejects.toEqual(
    code("OPTION_INVALID"),
  );
  await beat.stop();
  const later = harness.join();
  await later.beat().start();
  await harness.clock.advance(1_000);
  expect(await later.schedules.list()).toEqual([]);
});

test("code that changes a schedule changes the store's copy; what was paused stays paused", async () => {
  await using harness = await beatHarness();
  const before = harness.join();
  before.schedule("counts", { task: "count", schedule: every("1m") });
  await before.schedules.pause("counts");
  const beat = before.beat();
  await beat.start();
  await harness.clock.advance(1_000);
  await beat.stop();
  const after = harness.join();
  after.schedule("counts", { task: "count", schedule: every("2m"), maxRuns: 7 });
  await after.beat().start();
  await harness.clock.advance(1_000);
  expect(await before.schedules.list()).toMatchObject([{ isPaused: true, source: "code" }]);
  expect(await after.schedules.get("counts")).toMatchObject({ maxRuns: 7, isPaused: true });
});

test("run sends the call now, beside its ticks; next tells the instants", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  const add = app.task("add", (x: number, y: number) => x + y);
  app.schedule("sum", { task: add, schedule: crontab("0 12 * * *"), args: [1, 2], maxRuns: 2 });
  await app.worker().start();
  const result = await app.schedules.run("sum");
  await harness.clock.advance(1_000);
  expect(await result.get()).toBe(3);
  expect(await app.schedules.next("sum", 5)).toEqual([
    new Date("2026-01-01T12:00:00Z"),
    new Date("2026-01-02T12:00:00Z"),
  ]);
  await expect(app.schedules.run("nothing")).rejects.toEqual(code("SCHEDULE_NOT_FOUND"));
  await expect(app.schedules.pause("nothing")).rejects.toEqual(code("SCHEDULE_NOT_FOUND"));
  await expect(app.schedules.next("sum", 0)).rejects.toEqual(code("OPTION_INVALID"));
});

test("apps of other names do not see each other's schedules", async () => {
  await using harness = await beatHarness();
  const [shop, billing] = [harness.join({ name: "shop" }), harness.join({ name: "billing" })];
  await shop.schedules.set("nightly", { task: "a", schedule: every("1h") });
  await billing.schedules.set("nightly", { task: "b", schedule: every("1h") });
  expect(await shop.schedules.list()).toMatchObject([{ name: "nightly", task: "a" }]);
});

test("many changes at once all happen", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  await app.schedules.set("s", { task: "a", schedule: every("1h") });
  await Promise.all([app.schedules.pause("s"), app.schedules.set("s", { task: "b", schedule: every("1h") })]);
  expect(await app.schedules.get("s")).toMatchObject({ task: "b", isPaused: true });
});

test("what cannot be read is told and left out, until it is set anew", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  await harness.backend.schedules!.upsert({ scheduleId: "test|odd", document: '{"format":2}' });
  expect(await app.schedules.list()).toEqual([]);
  expect(harness.log.lines.some(([level, message]) => level === "error" && message.includes("cannot be read"))).toBe(
    true,
  );
  await app.schedules.set("odd", { task: "a", schedule: every("1h") });
  expect(await app.schedules.list()).toHaveLength(1);
});

test.each([
  ["no schedule", { task: "a", schedule: "* * * * *" }, "OPTION_INVALID"],
  ["no task", { schedule: every("1m") }, "OPTION_INVALID"],
  ["arguments that are no array", { task: "a", schedule: every("1m"), args: 1 }, "OPTION_INVALID"],
  ["an unknown option", { task: "a", schedule: every("1m"), arg: [] }, "OPTION_INVALID"],
  ["an unknown call option", { task: "a", schedule: every("1m"), options: { countdown: "1s" } }, "OPTION_INVALID"],
  ["a date of expiry", { task: "a", schedule: every("1m"), options: { expires: new Date() } }, "OPTION_INVALID"],
  ["a bad policy", { task: "a", schedule: every("1m"), missed: { all: 0 } }, "OPTION_INVALID"],
  ["a bad overlap", { task: "a", schedule: every("1m"), overlap: "never" }, "OPTION_INVALID"],
  ["a bad start", { task: "a", schedule: every("1m"), start: "today" }, "OPTION_INVALID"],
  ["arguments that no message carries", { task: "a", schedule: every("1m"), args: [() => {}] }, "PAYLOAD_ENCODE"],
  [
    "an overlap policy without results",
    { task: "a", schedule: every("1m"), overlap: "skip", options: { ignoreResult: true } },
    "OPTION_INVALID",
  ],
])("%s is refused when it is defined", async (_name, options, expected) => {
  await using harness = await beatHarness();
  const app = harness.join();
  expect(() => app.schedule("s", options as never)).toThrow(code(expected));
});

test("a name stands for one schedule", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  app.schedule("s", { task: "a", schedule: every("1m") });
  expect(() => app.schedule("s", { task: "a", schedule: every("1m") })).toThrow(code("CONFIGURATION_INVALID"));
  expect(() => app.schedule(" s", { task: "a", schedule: every("1m") })).toThrow(code("NAME_INVALID"));
  expect(() => harness.join({ schedules: { s: { task: "a" } } as never })).toThrow(
    /schedules: schedule of schedule "s"/,
  );
});
