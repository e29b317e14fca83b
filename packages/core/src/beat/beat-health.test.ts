import { expect, test } from "vitest";
import { judgeBeat } from "./beat-health.ts";
import type { BeatFacts } from "./beat-health.ts";

const session = { isLeader: true, schedules: 2, nextTickAtMs: 9, roundDueAtMs: 1_000, isFailing: false };
const facts: BeatFacts = { state: "running", session, lastTickAtMs: 5, nowMs: 2_000 };

test("a beat that goes round is live and ready, and tells what it leads", () => {
  expect(judgeBeat(facts)).toEqual({
    state: "running",
    live: { ok: true, reasons: [] },
    ready: { ok: true, reasons: [] },
    isLeader: true,
    schedules: 2,
    lastTickAtMs: 5,
    nextTickAtMs: 9,
  });
});

test("one whose round does not end is not live; one that tries again is, and is not ready", () => {
  const nowMs = 1_000 + 61_000;
  expect(judgeBeat({ ...facts, nowMs }).live).toEqual({ ok: false, reasons: ["no round was finished for 61 s"] });
  const failing = judgeBeat({ ...facts, nowMs, session: { ...session, isFailing: true } });
  expect([failing.live.ok, failing.ready.ok]).toEqual([true, false]);
});

test("one that was not started is live, and not ready; one that has stopped is neither", () => {
  const idle = judgeBeat({ ...facts, state: "idle", session: undefined });
  expect([idle.live.ok, idle.ready.reasons]).toEqual([true, ["the beat is idle"]]);
  const stopped = judgeBeat({ ...facts, state: "stopped" });
  expect([stopped.live.reasons, stopped.ready.ok]).toEqual([["the beat has stopped"], false]);
});

test("a follower tells no next tick: it does not know", () => {
  expect(judgeBeat({ ...facts, session: { ...session, isLeader: false } }).nextTickAtMs).toBeUndefined();
});
