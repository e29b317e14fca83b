import type { Backend } from "@lovage/backend";
import { expect, test } from "vitest";
import type { App } from "../app/app.ts";
import { changed } from "../worker/test-support/worker-harness.ts";
import type { TaskContext } from "../worker/run/task-context.ts";
import { every } from "./schedule/every.ts";
import { beatHarness } from "./test-support/beat-harness.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Schedules a task for every minute. @returns the ticks that it ran for, as they come */
function addNotes(app: App): readonly string[] {
  const notes: string[] = [];
  const note = app.task("note", { bind: true }, ({ headers }: TaskContext) => {
    notes.push(headers["scheduled_at"] as string);
  });
  app.schedule("notes", { task: note, schedule: every("1m") });
  return notes;
}

test("a beat whose machine is an hour ahead ticks by the store's clock", async () => {
  await using harness = await beatHarness();
  const { clock } = harness;
  const app = harness.join({
    wrapBackend: (backend) => changed(backend, { serverTimeMs: () => Promise.resolve(clock.now() - hour) }),
  });
  const notes = addNotes(app);
  await app.beat().start();
  await app.worker().start();
  await clock.advance(minute + second);
  expect(notes).toEqual(["2025-12-31T23:01:00.000Z"]);
});

test("a beat whose machine's clock is set right publishes no tick before its time, and none late", async () => {
  await using harness = await beatHarness();
  const { clock } = harness;
  let stepMs = -2 * hour;
  const wrapBackend = (backend: Backend): Backend =>
    changed(backend, { serverTimeMs: () => Promise.resolve(clock.now()) });
  const app = harness.join({ wrapBackend, clock: changed(clock, { now: () => clock.now() + stepMs }) });
  const notes = addNotes(app);
  await app.beat().start();
  await app.worker().start();
  await clock.advance(minute + 2 * second);
  stepMs = 0;
  await clock.advance(29 * second);
  expect(notes).toEqual(["2026-01-01T00:01:00.000Z"]);
  await clock.advance(30 * second);
  expect(notes).toEqual([1, 2].map((count) => `2026-01-01T00:0${count}:00.000Z`));
});
