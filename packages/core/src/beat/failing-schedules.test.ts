import {
  PublishError,
  PublishTimeoutError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";
import type { Connection } from "@lovage/transport";
import { describe, expect, test } from "vitest";
import type { TaskContext } from "../worker/run/task-context.ts";
import { changed } from "../worker/test-support/worker-harness.ts";
import { crontab } from "./schedule/crontab.ts";
import { every } from "./schedule/every.ts";
import { beatHarness } from "./test-support/beat-harness.ts";
import { refusedClaims } from "./test-support/refused-claims.ts";

const second = 1_000;
const minute = 60 * second;

type Publish = Connection["publish"];

function refuseOne(task: unknown): Error | undefined {
  return task === "refused" ? new TransportRejectedError("not to this queue") : undefined;
}

function timeOf(headers: TaskContext["headers"]): string {
  return (headers["scheduled_at"] as string).slice(11, 19);
}

/** A broker that refuses what it is told to. `tries`: how often it did. */
function refusing(
  refusal: (task: unknown) => Error | undefined,
  tries = { count: 0 },
): (broker: Connection) => Connection {
  return (broker) => {
    const publish: Publish = (messages, options) => {
      const error = refusal(messages[0]?.headers["task"]);
      if (error === undefined) return broker.publish(messages, options);
      tries.count += 1;
      return Promise.reject(error);
    };
    return changed(broker, { publish });
  };
}

/** As SQS tells it, whatever the number of messages. */
function refusedBatch(): Error {
  return new PublishError([{ index: 0, messageId: "m", error: new TransportRejectedError("AccessDenied") }], 1);
}

describe("a schedule", () => {
  test("whose call the user's own code keeps from being made is left out by name, and holds up nobody", async () => {
    await using harness = await beatHarness();
    let isLost = false;
    const app = harness.join({
      routes: (name) => {
        if (isLost && name === "lost") throw new TypeError("no route");
        return undefined;
      },
    });
    const atMs: number[] = [];
    const lost = app.task("lost", () => {});
    const other = app.task("other", () => void atMs.push(harness.clock.now()));
    app.schedule("lost", { task: lost, schedule: every("1s") });
    app.schedule("other", { task: other, schedule: every("1s") });
    const beat = app.beat();
    await beat.start();
    await app.worker().start();
    isLost = true;
    await harness.clock.advance(20 * second + 500);
    expect(atMs).toHaveLength(20);
    expect(atMs.every((ms) => ms % second < 500)).toBe(true);
    expect(beat.health().ready).toEqual({ ok: true, reasons: [] });
    const told = harness.log.lines.filter(([level]) => level === "error").map(([, , { schedule }]) => schedule);
    expect(new Set(told)).toEqual(new Set(["lost"]));
  });

  test("that cannot be published for now does not keep others from their instants, however long", async () => {
    await using harness = await beatHarness();
    const app = harness.join({ wrapBackend: refusedClaims("|away") });
    const atMs: number[] = [];
    const task = app.task("away", () => {});
    const other = app.task("other", () => void atMs.push(harness.clock.now()));
    app.schedule("away", { task, schedule: every("200ms"), overlap: "skip" });
    app.schedule("other", { task: other, schedule: every("1s") });
    const beat = app.beat();
    await beat.start();
    await app.worker().start();
    await harness.clock.advance(60 * second + 500);
    expect(atMs).toHaveLength(60);
    expect(atMs.every((ms) => ms % second < 500)).toBe(true);
    expect([beat.health().ready, beat.health().live.ok]).toEqual([{ ok: true, reasons: [] }, true]);
    const told = harness.log.lines.filter(([level]) => level === "warn").map(([, , { schedule }]) => schedule);
    expect(told).toEqual(["away"]);
  });

  test("that cannot be published since the broker is away makes the beat unready until it is back", async () => {
    await using harness = await beatHarness();
    let isAway = false;
    const app = harness.join({
      wrapBroker: (broker) => {
        const publish: Connection["publish"] = (messages, options) =>
          isAway ? Promise.reject(new TransportUnavailableError("away")) : broker.publish(messages, options);
        return new Proxy(changed(broker, { publish }), {
          get: (target, key, receiver) =>
            key === "state" && isAway ? "reconnecting" : (Reflect.get(target, key, receiver) as unknown),
        });
      },
    });
    const task = app.task("task", () => {});
    app.schedule("often", { task, schedule: every("1s") });
    const beat = app.beat();
    await beat.start();
    await harness.clock.advance(2_500);
    expect(beat.health().ready.ok).toBe(true);
    isAway = true;
    await harness.clock.advance(120 * second);
    expect([beat.health().ready.ok, beat.health().live.ok]).toEqual([false, true]);
    isAway = false;
    await harness.clock.advance(10 * second);
    expect(beat.health().ready.ok).toBe(true);
  });

  test.each([
    ["the broker is away", "reconnecting", false],
    ["the broker is connected and takes nothing", "open", true],
  ] as const)("of which many are due at once leaves the beat alive while %s", async (_, state, ready) => {
    await using harness = await beatHarness();
    const app = harness.join({
      wrapBroker: (broker) => {
        const silent = changed(broker, {
          publish: async () => {
            await harness.clock.sleep(30 * second);
            throw new PublishTimeoutError("no answer");
          },
        });
        return new Proxy(silent, {
          get: (target, key, receiver) => (key === "state" ? state : (Reflect.get(target, key, receiver) as unknown)),
        });
      },
    });
    const task = app.task("task", () => {});
    for (let index = 0; index < 301; index += 1) app.schedule(`s${index}`, { task, schedule: every("1s") });
    const beat = app.beat();
    await beat.start();
    await harness.clock.advance(35 * second);
    expect(beat.health().ready.ok).toBe(ready);
    await harness.clock.advance(65 * second);
    expect(beat.health().live).toEqual({ ok: true, reasons: [] });
  });

  test.each([
    ["one by one", () => new TransportRejectedError("OOM command not allowed")],
    ["in batches", refusedBatch],
  ])(
    "loses no tick while the broker refuses for a while, as when its memory is full (it says so %s)",
    async (_, refuse) => {
      await using harness = await beatHarness();
      let isFull = false;
      const app = harness.join({ wrapBroker: refusing(() => (isFull ? refuse() : undefined)) });
      const instants: string[] = [];
      const task = app.task("task", { bind: true }, ({ headers }) => void instants.push(timeOf(headers)));
      app.schedule("often", { task, schedule: every("5s") });
      const beat = app.beat();
      await beat.start();
      await app.worker().start();
      await harness.clock.advance(12 * second);
      isFull = true;
      await harness.clock.advance(25 * second);
      isFull = false;
      await harness.clock.advance(24 * second);
      const seconds = ["05", "10", "15", "20", "25", "30", "35", "40", "45", "50", "55"];
      expect(instants).toEqual([...seconds.map((each) => `00:00:${each}`), "00:01:00"]);
      expect(harness.log.lines.filter(([level]) => level === "error")).toEqual([]);
    },
  );

  test("that the broker refuses for good is tried every 5 s and told every 10 min, and holds up nobody", async () => {
    await using harness = await beatHarness();
    const tries = { count: 0 };
    const app = harness.join({ wrapBroker: refusing(refuseOne, tries) });
    const atMs: number[] = [];
    const refused = app.task("refused", () => {});
    const other = app.task("other", () => void atMs.push(harness.clock.now()));
    app.schedule("refused", { task: refused, schedule: every("1s") });
    app.schedule("other", { task: other, schedule: every("1s") });
    const beat = app.beat();
    await beat.start();
    await app.worker().start();
    await harness.clock.advance(25 * minute + 500);
    expect(atMs).toHaveLength(25 * 60);
    expect(atMs.every((ms) => ms % second < 500)).toBe(true);
    expect(beat.health()).toMatchObject({ live: { ok: true }, ready: { ok: true } });
    expect(tries.count).toBeGreaterThan(25 * 12 - 20);
    expect(tries.count).toBeLessThan(25 * 12 + 20);
    const told = harness.log.lines.filter(([level]) => level === "warn" || level === "error");
    expect(told.map(([level, , { schedule }]) => [level, schedule])).toEqual([
      ["warn", "refused"],
      ["error", "refused"],
      ["error", "refused"],
    ]);
    expect(told[2]?.[1]).toContain("could not be published for 20m");
    expect(await app.schedules.get("refused")).toMatchObject({ runs: 0, nextRunAt: new Date("2026-01-01T00:00:01Z") });
    await app.schedules.pause("refused");
    await harness.clock.advance(11 * minute);
    expect(tries.count).toBeLessThan(25 * 12 + 20);
  });

  test.each(["skip", "latest", { all: 3 }] as const)(
    "that came due while the broker was away for longer than 30 s was not missed: a beat was there (%o)",
    async (missed) => {
      await using harness = await beatHarness("2026-01-01T02:29:00Z");
      let isAway = false;
      const away = (): Error | undefined => (isAway ? new TransportUnavailableError("away") : undefined);
      const app = harness.join({
        wrapBroker: (broker) =>
          new Proxy(refusing(away)(broker), {
            get: (target, key, receiver) =>
              key === "state" && isAway ? "reconnecting" : (Reflect.get(target, key, receiver) as unknown),
          }),
      });
      const instants: string[] = [];
      const task = app.task("task", { bind: true }, ({ headers }) => {
        instants.push(`${headers["periodic_task_name"] as string} ${timeOf(headers)}`);
      });
      // More than are tried at once: those behind them are not tried at all while the broker is away.
      const quiet = app.task("quiet", () => {});
      for (let n = 0; n < 120; n += 1) app.schedule(`a${n}`, { task: quiet, schedule: crontab("30 2 * * *") });
      app.schedule("nightly", { task, schedule: crontab("30 2 * * *"), missed });
      app.schedule("often", { task, schedule: every("10s"), missed });
      await app.beat().start();
      await app.worker().start();
      await harness.clock.advance(41 * second);
      instants.length = 0;
      isAway = true;
      await harness.clock.advance(70 * second);
      expect(instants).toEqual([]);
      isAway = false;
      await harness.clock.advance(8 * second);
      const count = typeof missed === "object" ? missed.all : 1;
      const often = ["02:30:30", "02:30:40", "02:30:50"].slice(3 - count).map((time) => `often ${time}`);
      expect(instants.toSorted()).toEqual(["nightly 02:30:00", ...often].toSorted());
    },
  );

  test("whose turn comes late, since others before it waited for a broker without an answer, was not missed either", async () => {
    await using harness = await beatHarness();
    let silent = 0;
    const app = harness.join({
      wrapBroker: (broker) => {
        const publish: Publish = async (messages, options) => {
          silent += 1;
          if (silent > 100) return broker.publish(messages, options);
          await harness.clock.sleep(31 * second);
          throw new PublishTimeoutError("no answer");
        };
        return changed(broker, { publish });
      },
    });
    const ran = new Set<unknown>();
    const task = app.task("task", { bind: true }, ({ headers }) => void ran.add(headers["periodic_task_name"]));
    for (let n = 0; n < 150; n += 1) app.schedule(`s${n}`, { task, schedule: every("1h"), missed: "skip" });
    await app.beat().start();
    await app.worker().start();
    await harness.clock.advance(60 * minute + 40 * second);
    expect(ran.size).toBe(150);
  });
});
