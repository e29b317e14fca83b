import { virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { Announcer } from "./announcer.ts";

function announcer() {
  const clock = virtualClock();
  const told: (readonly string[])[] = [];
  return { clock, told, announcer: new Announcer(clock, (queues) => told.push(queues)) };
}

/** Uses up what may follow each other at once. */
function spend(it: Announcer, queues: readonly string[]): void {
  for (let message = 0; message < 8; message += 1) expect(it.plan(queues).now).toEqual(queues);
}

test("a queue is told at once of a few messages, and then once for all that come within 5 ms", async () => {
  const { clock, told, announcer: it } = announcer();
  spend(it, ["q"]);
  for (let message = 0; message < 3; message += 1) {
    const { now, rest } = it.plan(["q"]);
    expect(now).toEqual([]);
    it.later(rest);
  }
  await clock.advance(5);
  expect(told).toEqual([["q"]]);
});

test("messages that come every 5 ms are each told of at once, for as long as they come", async () => {
  const { clock, announcer: it } = announcer();
  for (let message = 0; message < 50; message += 1) {
    expect(it.plan(["q"])).toEqual({ now: ["q"], rest: [], waited: [] });
    await clock.advance(5);
  }
});

test("what waits to be told is told with the next message that tells, and not once more", async () => {
  const { clock, told, announcer: it } = announcer();
  spend(it, ["q", "r"]);
  await clock.advance(4);
  it.later(it.plan(["q", "r"]).rest);
  await clock.advance(2);
  expect(it.plan(["q"])).toEqual({ now: ["q"], rest: [], waited: ["q"] });
  await clock.advance(10);
  expect(told).toEqual([["r"]]);
});

test("what waited is told by itself when the message that was to tell it could not be written", async () => {
  const { clock, told, announcer: it } = announcer();
  spend(it, ["q"]);
  await clock.advance(4);
  it.later(it.plan(["q"]).rest);
  await clock.advance(2);
  it.later(it.plan(["q"]).waited);
  await clock.advance(10);
  expect(told).toEqual([["q"]]);
});

test("what waits is told by itself although a transaction tells, which may be rolled back", async () => {
  const { clock, told, announcer: it } = announcer();
  spend(it, ["q"]);
  it.later(it.plan(["q"]).rest);
  await clock.advance(4);
  expect(it.planUncommitted(["q"])).toEqual({ now: [], rest: ["q"] });
  it.later([]);
  await clock.advance(1);
  expect(told).toEqual([["q"]]);
  it.later(["q"]);
  await clock.advance(4);
  expect(it.planUncommitted(["q"])).toEqual({ now: ["q"], rest: [] });
  await clock.advance(1);
  expect(told).toEqual([["q"], ["q"]]);
});

test("transactions have no allowance beside that of other messages", async () => {
  const { clock, told, announcer: it } = announcer();
  for (let message = 0; message < 4; message += 1) expect(it.planUncommitted(["q"]).now).toEqual(["q"]);
  for (let message = 0; message < 4; message += 1) expect(it.plan(["q"]).now).toEqual(["q"]);
  const { now, rest } = it.planUncommitted(["q"]);
  expect(now).toEqual([]);
  it.later(rest);
  await clock.advance(5);
  expect(told).toEqual([["q"]]);
});

test("nobody is told after the end", async () => {
  const { clock, told, announcer: it } = announcer();
  it.later(["q"]);
  it.close();
  it.later(["q"]);
  await clock.advance(10);
  expect(told).toEqual([]);
});
