import { describe, expect, test } from "vitest";
import type { App } from "../app/app.ts";
import { at } from "./schedule/at.ts";
import { crontab } from "./schedule/crontab.ts";
import { every } from "./schedule/every.ts";
import { beatHarness, mortalBackend } from "./test-support/beat-harness.ts";
import type { BeatHarness } from "./test-support/beat-harness.ts";
import { refusedClaims } from "./test-support/refused-claims.ts";
import type { SchedulePolicies } from "./definition/schedule-options.ts";
import type { TaskContext } from "../worker/run/task-context.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** An app whose task "note" writes down the ticks that it ran for. */
function addNotes(app: App, notes: string[]): void {
  const note = app.task("note", { bind: true }, (context: TaskContext, text: string) => {
    notes.push(`${text} ${context.headers["scheduled_at"] as string}`);
  });
  app.schedule("notes", { task: note, schedule: every("1m"), args: ["a"] });
}

function instantOf(headers: TaskContext["headers"]): string {
  return headers["scheduled_at"] as string;
}

async function waiting(harness: BeatHarness, queue = "default"): Promise<number> {
  const [stats] = await harness.broker.admin.inspect([queue]);
  return stats?.ready ?? 0;
}

test("schedules that cannot be published for now, however many, keep no others from it", async () => {
  await using harness = await beatHarness();
  const app = harness.join({ wrapBackend: refusedClaims("|away-") });
  const task = app.task("note", () => {});
  for (let n = 0; n < 150; n += 1) app.schedule(`away-${n}`, { task, schedule: every("1m"), overlap: "skip" });
  app.schedule("other", { task, schedule: every("1m") });
  await app.beat().start();
  await harness.clock.advance(minute + second);
  expect(await waiting(harness)).toBe(1);
});

async function runsAfterThreeHours(policies: SchedulePolicies): Promise<readonly string[]> {
  await using harness = await beatHarness();
  const app = harness.join();
  const instants: string[] = [];
  const note = app.task("note", { bind: true }, ({ headers }) => void instants.push(instantOf(headers)));
  app.schedule("notes", { task: note, schedule: every("1m"), ...policies });
  const beat = app.beat();
  await beat.start();
  await harness.clock.advance(second);
  await beat.stop();
  await harness.clock.advance(3 * hour);
  const apps = [app, harness.join()];
  apps[1]!.schedule("notes", { task: "note", schedule: every("1m"), ...policies });
  await Promise.all(apps.map((each) => each.beat().start()));
  await app.worker().start();
  await harness.clock.advance(second);
  return instants;
}

async function runOverlapping(overlap: SchedulePolicies["overlap"]): Promise<readonly string[]> {
  await using harness = await beatHarness();
  const app = harness.join();
  const { clock } = harness;
  const seen: string[] = [];
  const slow = app.task("slow", { bind: true }, async ({ signal }) => {
    const startedAtMs = clock.now();
    await clock.sleep(150 * second, { signal }).catch(() => {});
    const outcome = signal.aborted ? "cancelled" : "done";
    seen.push(`${new Date(startedAtMs).toISOString().slice(14, 19)} ${outcome}`);
  });
  app.schedule("slow", { task: slow, schedule: every("1m"), overlap, maxRuns: 4 });
  await app.beat().start();
  await app.worker().start();
  await clock.advance(15 * minute);
  return seen;
}

describe("any number of beats", () => {
  test("every tick runs once, with the arguments of its schedule, and the task sees the instant", async () => {
    await using harness = await beatHarness();
    const notes: string[] = [];
    const apps = [harness.join(), harness.join(), harness.join()];
    for (const app of apps) {
      addNotes(app, notes);
      await app.beat().start();
    }
    await apps[0]!.worker().start();
    await harness.clock.advance(hour + second);
    expect(notes).toHaveLength(60);
    expect(new Set(notes).size).toBe(60);
    expect(notes[0]).toBe("a 2026-01-01T00:01:00.000Z");
  });

  test("one leads; when it stops, another leads within seconds and no tick is lost", async () => {
    await using harness = await beatHarness();
    const notes: string[] = [];
    const apps = [harness.join(), harness.join()];
    const beats = apps.map((app) => app.beat());
    for (const app of apps) addNotes(app, notes);
    for (const beat of beats) {
      await beat.start();
      await harness.clock.advance(second);
    }
    await apps[1]!.worker().start();
    expect(beats.map((beat) => beat.health().isLeader)).toEqual([true, false]);
    await harness.clock.advance(minute);
    await beats[0]!.stop();
    await harness.clock.advance(3 * second);
    expect(beats[1]!.health()).toMatchObject({ isLeader: true, schedules: 1, live: { ok: true }, ready: { ok: true } });
    await harness.clock.advance(5 * minute);
    expect(notes).toHaveLength(6);
  });

  test.each(["recordRun", "renew", "list"])(
    "the leader dies at %s: another takes over within 15 s, and every tick runs once",
    async (method) => {
      await using harness = await beatHarness();
      const notes: string[] = [];
      const mortal = mortalBackend(harness.backend);
      const leader = harness.join({ wrapBackend: () => mortal.backend });
      const follower = harness.join();
      for (const app of [leader, follower]) addNotes(app, notes);
      await leader.beat().start();
      await harness.clock.advance(second);
      const heir = follower.beat();
      await heir.start();
      await follower.worker().start();
      await harness.clock.advance(30 * second);
      mortal.dieAt(method);
      // The tick of 00:01:00 meets a leader that is dead or dies of it; whoever comes after it has 15 s.
      await harness.clock.advance(44 * second);
      expect(heir.health().isLeader).toBe(true);
      await harness.clock.advance(4 * minute);
      expect(notes).toEqual([1, 2, 3, 4, 5].map((count) => `a 2026-01-01T00:0${count}:00.000Z`));
    },
  );

  test("a tick that was published twice, because its leader died before it could record it, runs once", async () => {
    await using harness = await beatHarness();
    const notes: string[] = [];
    const mortal = mortalBackend(harness.backend);
    const leader = harness.join({ wrapBackend: () => mortal.backend });
    const follower = harness.join();
    for (const app of [leader, follower]) addNotes(app, notes);
    await leader.beat().start();
    await harness.clock.advance(second);
    await follower.beat().start();
    mortal.dieAt("recordRun");
    await harness.clock.advance(minute + 20 * second);
    expect(await waiting(harness)).toBe(2);
    await follower.worker().start();
    await harness.clock.advance(second);
    expect(notes).toEqual(["a 2026-01-01T00:01:00.000Z"]);
    expect(await waiting(harness)).toBe(0);
  });
});

describe("missed ticks", () => {
  test("are left out, or the latest is run, or the latest so many", async () => {
    expect(await runsAfterThreeHours({ missed: "skip" })).toEqual([]);
    expect(await runsAfterThreeHours({ missed: "latest" })).toEqual(["2026-01-01T03:00:00.000Z"]);
    const all = await runsAfterThreeHours({ missed: { all: 3 } });
    expect(all).toEqual(["02:58", "02:59", "03:00"].map((time) => `2026-01-01T${time}:00.000Z`));
  });
});

describe("runs that would overlap", () => {
  test("run beside each other", async () => {
    expect(await runOverlapping("allow")).toEqual(["01:00 done", "02:00 done", "03:00 done", "04:00 done"]);
  });

  test("are left out", async () => {
    expect(await runOverlapping("skip")).toEqual(["01:00 done", "04:00 done", "07:00 done", "10:00 done"]);
  });

  test("wait for their turn, the latest of them", async () => {
    const [first, next, ...more] = await runOverlapping("queue");
    expect(first).toBe("01:00 done");
    expect(next).toMatch(/^03:3[01] done$/);
    expect(more).toHaveLength(2);
  });

  test("end the run before", async () => {
    const seen = await runOverlapping("cancel");
    expect(seen.slice(0, 3).every((line) => line.endsWith("cancelled"))).toBe(true);
    expect(seen.at(-1)).toBe("04:00 done");
  });
});

describe("limits of a schedule", () => {
  test("start, end and the number of runs hold", async () => {
    await using harness = await beatHarness();
    const app = harness.join();
    const instants: string[] = [];
    const note = app.task("note", { bind: true }, ({ headers }) => {
      instants.push(`${headers["periodic_task_name"] as string} ${instantOf(headers).slice(11, 16)}`);
    });
    const start = new Date("2026-01-01T00:10:00Z");
    const end = new Date("2026-01-01T00:12:00Z");
    app.schedule("span", { task: note, schedule: every("1m"), start, end });
    app.schedule("count", { task: note, schedule: every("1m"), maxRuns: 2 });
    app.schedule("once", { task: note, schedule: at(new Date("2026-01-01T00:20:00Z")) });
    await app.beat().start();
    await app.worker().start();
    await harness.clock.advance(hour);
    expect(instants.toSorted()).toEqual([
      "count 00:01",
      "count 00:02",
      "once 00:20",
      "span 00:10",
      "span 00:11",
      "span 00:12",
    ]);
  });

  test("jitter puts each tick off by less than it, whoever publishes it", async () => {
    await using harness = await beatHarness();
    const app = harness.join();
    const delays: number[] = [];
    const note = app.task("note", { bind: true }, ({ headers }) => {
      delays.push(harness.clock.now() - Date.parse(instantOf(headers)));
    });
    app.schedule("spread", { task: note, schedule: every("1m"), jitter: "30s" });
    await app.beat().start();
    await app.worker().start();
    await harness.clock.advance(30 * minute + 40 * second);
    expect(delays).toHaveLength(30);
    expect(delays.every((ms) => ms >= 0 && ms < 32 * second)).toBe(true);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });
});

describe("faults", () => {
  test("a store that is away is waited for, and what came meanwhile is made up for", async () => {
    await using harness = await beatHarness();
    const notes: string[] = [];
    const mortal = mortalBackend(harness.backend);
    const app = harness.join({ wrapBackend: () => mortal.backend });
    addNotes(app, notes);
    const beat = app.beat();
    await beat.start();
    await app.worker().start();
    await harness.clock.advance(50 * second);
    mortal.setAway(true);
    await harness.clock.advance(20 * second);
    expect(beat.health().ready).toMatchObject({ ok: false });
    mortal.setAway(false);
    await harness.clock.advance(10 * second);
    expect(notes).toHaveLength(1);
    expect(beat.health().ready).toMatchObject({ ok: true });
  });

  test("arguments that do not fit are told, and other schedules go on", async () => {
    await using harness = await beatHarness();
    const notes: string[] = [];
    const app = harness.join();
    addNotes(app, notes);
    const pair = app.task("pair", { parameters: ["a"] }, (a: string) => a);
    app.schedule("bad", { task: pair, schedule: every("1m"), args: ["x"], kwargs: { a: "y" } });
    await app.beat().start();
    await app.worker().start();
    await harness.clock.advance(2 * minute + second);
    expect(notes).toHaveLength(2);
    expect(harness.log.lines.some(([, message]) => message === "A tick cannot be published; it is left out.")).toBe(
      true,
    );
    expect(await app.schedules.get("bad")).toMatchObject({ runs: 0, nextRunAt: new Date("2026-01-01T00:03:00Z") });
  });

  test("a beat needs a backend that keeps schedules and has locks", async () => {
    await using harness = await beatHarness();
    const app = harness.join({
      wrapBackend: ({ capabilities, sweep, close }) => ({ capabilities, sweep, close }),
    });
    await expect(app.beat().start()).rejects.toMatchObject({ code: "FEATURE_UNSUPPORTED" });
    await expect(app.schedules.list()).rejects.toMatchObject({ code: "FEATURE_UNSUPPORTED" });
  });

  test("a beat that was stopped does not start", async () => {
    await using harness = await beatHarness();
    const beat = harness.join().beat();
    await beat.stop();
    await expect(beat.start()).rejects.toMatchObject({ code: "CLOSED" });
    expect(beat.health()).toMatchObject({ state: "stopped", live: { ok: false } });
  });
});

test("ten years of a daily schedule take less than a second of real time or so", { timeout: 60_000 }, async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  app.task("daily", () => {});
  const schedule = crontab("30 7 * * *", { timezone: "Europe/Berlin" });
  app.schedule("daily", { task: "daily", schedule });
  await app.beat({ lease: "365d", reload: "365d" }).start();
  await harness.clock.advance(3_652 * 24 * hour);
  expect(await waiting(harness)).toBe(3_652);
});
