import { afterEach, expect, test } from "vitest";
import { workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

/** An app in New York, at noon UTC. */
async function setUp(): Promise<WorkerHarness> {
  harness = await workerHarness({ timezone: "America/New_York" });
  const { clock } = harness;
  await clock.advance(Date.parse("2026-07-01T12:00:00Z") - clock.now());
  return harness;
}

test("a call whose expiry has no offset expires at that time of the app's zone", async () => {
  const { app, send, until, resultOf } = await setUp();
  app.task("add", (x: number, y: number) => x + y);
  const body = "[[1,2],{},{}]";
  await send({ headers: { id: "late", task: "add", expires: "2026-07-01T07:59:00" }, body });
  await send({ headers: { id: "timely", task: "add", expires: "2026-07-01T08:01:00" }, body });
  await app.worker().start();
  await until(async () => (await resultOf("timely")) !== undefined && (await resultOf("late")) !== undefined);
  expect([(await resultOf("late"))?.state, (await resultOf("timely"))?.value]).toEqual(["REVOKED", 3]);
});

test("a datetime among the arguments that has no offset is that time of the app's zone", async () => {
  const { app, send, until } = await setUp();
  const given: unknown[] = [];
  app.task("note", (at: Date) => void given.push(at));
  const at = { __type__: "datetime", __value__: "2026-07-01T08:00:00" };
  await send({ headers: { id: "the-id", task: "note" }, body: JSON.stringify([[at], {}, {}]) });
  await app.worker().start();
  await until(() => given.length === 1);
  expect(given).toEqual([new Date("2026-07-01T12:00:00Z")]);
});

test("a step whose ETA has no offset is due at that time of the app's zone", async () => {
  const { app, send, until, waiting } = await setUp();
  app.task("first", () => 1);
  app.task("second", (x: number) => x);
  const options = { task_id: "later", eta: "2026-07-01T09:00:00" };
  const embed = { chain: [{ task: "second", args: [], kwargs: {}, options, immutable: false }] };
  await send({ headers: { id: "the-id", task: "first" }, body: JSON.stringify([[], {}, embed]) });
  await app.worker().start();
  await until(async () => (await waiting("delayed")).length === 1);
  expect((await waiting("delayed"))[0]?.dueAtMs).toBe(Date.parse("2026-07-01T13:00:00Z"));
});
