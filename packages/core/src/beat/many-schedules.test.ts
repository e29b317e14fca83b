import type { Backend } from "@lovage/backend";
import { expect, test } from "vitest";
import { changed } from "../worker/test-support/worker-harness.ts";
import { every } from "./schedule/every.ts";
import { beatHarness } from "./test-support/beat-harness.ts";

const second = 1_000;

/** Counts how often all schedules are read. */
function counted(counts: { lists: number }): (backend: Backend) => Backend {
  return (backend) => {
    const list = (): ReturnType<NonNullable<Backend["schedules"]>["list"]> => {
      counts.lists += 1;
      return backend.schedules!.list();
    };
    return changed(backend, { schedules: changed(backend.schedules!, { list }) });
  };
}

test("many schedules are copied, and their missed ticks passed over, without reading all of them for each", async () => {
  await using harness = await beatHarness();
  const counts = { lists: 0 };
  const app = harness.join({ wrapBackend: counted(counts) });
  const task = app.task("task", () => {});
  for (let n = 0; n < 300; n += 1) app.schedule(`s${n}`, { task, schedule: every("1m"), missed: "skip" });
  const beat = app.beat();
  await beat.start();
  await harness.clock.advance(second);
  expect(beat.health()).toMatchObject({ isLeader: true, schedules: 300 });
  expect(counts.lists).toBeLessThan(10);
  await beat.stop();
  await harness.clock.advance(600 * second);
  counts.lists = 0;
  const heir = app.beat();
  await heir.start();
  await harness.clock.advance(second);
  expect(counts.lists).toBeLessThan(10);
  const passed = harness.log.lines.filter(([, message]) => message === "Ticks were missed and are not made up for.");
  expect(passed).toHaveLength(300);
  const entries = await app.schedules.list();
  expect(entries.every(({ nextRunAt }) => nextRunAt !== undefined && nextRunAt.getTime() > harness.clock.now())).toBe(
    true,
  );
});

test("what another has changed meanwhile is read anew", async () => {
  await using harness = await beatHarness();
  let atUpsert: (() => Promise<void>) | undefined;
  const app = harness.join({
    wrapBackend: (backend) =>
      changed(backend, {
        schedules: changed(backend.schedules!, {
          upsert: async (change) => {
            const before = atUpsert;
            atUpsert = undefined;
            await before?.();
            return backend.schedules!.upsert(change);
          },
        }),
      }),
  });
  const other = harness.join();
  for (const each of [app, other]) {
    each.task("task", () => {});
    each.schedule("own", { task: "task", schedule: every(each === app ? "2m" : "1m") });
  }
  atUpsert = () => other.schedules.pause("own");
  await app.beat().start();
  await harness.clock.advance(second);
  const entry = await app.schedules.get("own");
  expect([entry?.isPaused, entry?.schedule.toJSON()]).toEqual([true, every("2m").toJSON()]);
});

test("a beat that copies for minutes is not stuck", async () => {
  await using harness = await beatHarness();
  const app = harness.join({
    wrapBackend: (backend) =>
      changed(backend, {
        schedules: changed(backend.schedules!, {
          upsert: async (change) => {
            await harness.clock.sleep(second);
            return backend.schedules!.upsert(change);
          },
        }),
      }),
  });
  const task = app.task("task", () => {});
  for (let n = 0; n < 150; n += 1) app.schedule(`s${n}`, { task, schedule: every("1d") });
  const beat = app.beat();
  await beat.start();
  await harness.clock.advance(100 * second);
  expect(beat.health().live).toEqual({ ok: true, reasons: [] });
  await harness.clock.advance(60 * second);
  expect(beat.health().schedules).toBe(150);
});
