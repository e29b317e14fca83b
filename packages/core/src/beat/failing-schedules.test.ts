import { PublishTimeoutError, TransportUnavailableError } from "@lovage/transport";
import type { Connection } from "@lovage/transport";
import { describe, expect, test } from "vitest";
import { changed } from "../worker/test-support/worker-harness.ts";
import { every } from "./schedule/every.ts";
import { beatHarness } from "./test-support/beat-harness.ts";
import { refusedClaims } from "./test-support/refused-claims.ts";

const second = 1_000;

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
});
