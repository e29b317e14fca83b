import { chord, group } from "lovage";
import type { App } from "lovage";
import type { Backend } from "@lovage/backend";
import { resolveDriver, silentLog, validate } from "@lovage/foundation";
import type { DriverKind } from "@lovage/foundation";
import type { Capabilities, Connection } from "@lovage/transport";
import { expect } from "vitest";
import { recordFigures, sound } from "../figures/record-figures.ts";
import { eventually } from "../processes/eventually.ts";
import { CrashPoint } from "../scene/crash-point.ts";
import type { CrashPlace } from "../scene/crash-point.ts";
import { countsOf } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";
import { depth } from "../scene/depth.ts";

/** How a broker knows that a worker is gone: where the end of its connection tells, that has to end with it. */
type Recovery = Capabilities["recovery"];

const atOnce = 12;
const expected = 3;
/** Two members and the body. */
const tasks = 3;

/** Opens a driver as the runtime does, on the clock of an app that will stop. */
async function open(kind: DriverKind, url: string, point: CrashPoint): Promise<unknown> {
  const driver = await resolveDriver({ kind, url, from: [import.meta.filename] });
  const checked = await validate(driver.options, {});
  if (checked.issues !== undefined) throw new Error(checked.issues.join("; "));
  return await driver.open({ url, options: checked.value, clock: point.clock, log: silentLog, name: "crashing" });
}

/** What has run of a fan-in, one entry for each start. */
interface Runs {
  readonly members: number[];
  readonly bodies: number[];
}

function addTasks(app: App, runs: Runs) {
  const member = app.task("member", (value: number) => {
    runs.members.push(value);
    return value;
  });
  const total = app.task("total", (values: readonly number[]) => {
    runs.bodies.push(values.length);
    return values.reduce((sum, value) => sum + value, 0);
  });
  return { member, total };
}

interface Outcome {
  /** Calls that the first app made until it stopped, or until all was done. */
  readonly calls: number;
  readonly isReached: boolean;
  /** Runs beyond the one of each task. */
  readonly doubled: number;
}

/** Runs a fan-in whose first worker stops at a call, and has a second worker do the rest. */
async function runWithCrash(scene: Scene, place: CrashPlace, recovery: Recovery): Promise<Outcome> {
  const defaultQueue = `point-${place.when}-${place.call}`;
  const way = recovery === "connection" ? await scene.host.openProxy() : undefined;
  const point = new CrashPoint(place, () => way?.set({ isDown: true }));
  const { broker } = way === undefined ? scene.place : scene.host.placeBehind(way);
  const connection = (await open("transport", broker, point)) as Connection;
  const backend = (await open("backend", scene.place.backend, point)) as Backend;
  const stores = { broker: point.wrap(connection), backend: point.wrap(backend) };
  const first = scene.createApp({ ...stores, clock: point.clock, defaultQueue });
  const runs: Runs = { members: [], bodies: [] };
  addTasks(first, runs);
  const second = scene.createApp({ defaultQueue });
  const { member, total } = addTasks(second, runs);
  const result = await chord(group([member.s(1), member.s(2)]), total.s()).delay();
  const dying = first.worker({ concurrency: 1, prefetch: 1 });
  // It may stop before it has started.
  const starting = dying.start().catch(() => {});
  const heir = second.worker();
  let isReached = false;
  // At any time, also between the recording of the result and its end: nobody else would take what the dead one held.
  const inheriting = point.reached.then(() => {
    isReached = true;
    return heir.start();
  });
  const done = await result.get({ timeout: 60_000 * depth.patience });
  expect(done, `stopped ${place.when} call ${place.call}`).toBe(expected);
  await untilEmpty(second, defaultQueue);
  const { calls } = point;

  // Whoever comes back finds that all is done.
  way?.heal();
  point.thaw();
  await starting;
  // What a dead connection held may come back late: RabbitMQ does not count it meanwhile. So somebody consumes until the end.
  await (isReached ? inheriting : heir.start());
  await dying.stop({ timeout: 0 });
  await untilEmpty(second, defaultQueue);
  await heir.stop();
  expect(await result.get({ timeout: 10_000 })).toBe(expected);
  expect(runs.bodies.length, `runs of the body, stopped ${place.when} call ${place.call}`).toBeLessThanOrEqual(2);
  await Promise.all([first.close(), second.close()]);
  await Promise.all([connection.close(), backend.close()]);
  await way?.[Symbol.asyncDispose]();
  return { calls, isReached, doubled: runs.members.length + runs.bodies.length - tasks };
}

async function untilEmpty(app: App, queue: string): Promise<void> {
  const isEmpty = async (): Promise<boolean> => {
    const { ready, delayed, unsettled, dead } = await countsOf(app, queue);
    expect(dead, "dead letters").toBe(0);
    return ready + delayed + unsettled === 0;
  };
  await eventually(isEmpty, { what: `an empty queue ${queue}`, withinMs: 30_000 });
}

fault(47, "a fan-in whose worker ends at any of its calls goes on elsewhere, and has one result", async (scene) => {
  const { recovery } = (await scene.openTransport()).capabilities;
  const { calls } = await runWithCrash(scene, { call: Infinity, when: "before" }, recovery);
  expect(calls).toBeGreaterThan(10);
  const places = Array.from({ length: calls }, (_, index) => index + 1).flatMap((call): CrashPlace[] => [
    { call, when: "before" },
    { call, when: "after" },
  ]);
  let reached = 0;
  let doubled = 0;
  const loop = async (): Promise<void> => {
    for (let place = places.shift(); place !== undefined; place = places.shift()) {
      const outcome = await runWithCrash(scene, place, recovery);
      if (outcome.isReached) reached += 1;
      doubled += outcome.doubled;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  expect(reached).toBeGreaterThan(calls);
  recordFigures({
    row: 47,
    broker: scene.broker,
    fault: `a worker ends before or after each of the calls of a fan-in, at ${reached} places`,
    ...sound(tasks * reached),
    doubled,
    // What the worker held when it stopped, and once more if what followed it had been sent.
    doubledLimit: 2 * reached,
    timings: [],
  });
});
