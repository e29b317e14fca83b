import { silentLog, virtualClock } from "@lovage/foundation";
import type { Clock, VirtualClock } from "@lovage/foundation";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LoopBoard } from "./loop-board.ts";
import { LoopWatch } from "./loop-watch.ts";

describe("the board that loop and thread share", () => {
  const tasks = ["shop.add", "shop.block"];

  test("shows in another thread what ran at the last turn and what began since", () => {
    const board = new LoopBoard(tasks);
    const other = new LoopBoard(tasks, board.memory);
    expect([other.beats, other.read()]).toEqual([0, []]);
    board.beat(["shop.add"]);
    expect([other.beats, other.read()]).toEqual([1, ["shop.add"]]);
    board.started("shop.block");
    expect(other.read().toSorted()).toEqual(["shop.add", "shop.block"]);
    board.beat([]);
    expect([other.beats, other.read()]).toEqual([2, []]);
  });

  test("shows no task that it was not made for, and a bounded number", () => {
    const many = Array.from({ length: 100 }, (_, index) => `t${index}`);
    const board = new LoopBoard(many);
    board.started("unknown");
    expect(board.read()).toEqual([]);
    board.beat(many);
    expect(board.read()).toEqual(many.slice(0, 64));
  });
});

describe("the watch of the event loop", () => {
  let time: VirtualClock;
  let lateMs: number;
  let warnings: unknown[];
  let watch: LoopWatch;

  beforeEach(() => {
    time = virtualClock();
    lateMs = 0;
    warnings = [];
    const clock: Clock = { ...time, timer: time.timer.bind(time), monotonic: () => time.monotonic() + lateMs };
    const log = { ...silentLog, warn: (message: string, fields?: object) => void warnings.push([message, fields]) };
    watch = new LoopWatch({ clock, log, tasks: ["shop.add", "shop.block"], thread: undefined });
  });

  afterEach(() => watch.stop());

  test("is silent while the loop turns", async () => {
    await time.advance(10_000);
    expect(warnings).toEqual([]);
    expect(watch.delay()).toEqual({ p50: 0, p99: 0, max: 0 });
  });

  test("tells when the loop has stood for more than a second, and names what ran and what began", async () => {
    const block = { task: "shop.block" };
    watch.started({ task: "shop.add" });
    await time.advance(500);
    watch.started(block);
    watch.ended(block);
    lateMs += 3_000;
    await time.advance(500);
    expect(warnings).toEqual([
      ["event-loop-blocked", { blockedMs: 3_000, tasks: ["shop.block", "shop.add"], isOver: true }],
    ]);
    expect(watch.delay().max).toBe(3);
    await time.advance(10_000);
    expect(warnings).toHaveLength(1);
  });

  test("counts tasks of one name", async () => {
    const [first, second] = [{ task: "shop.add" }, { task: "shop.add" }];
    watch.started(first);
    watch.started(second);
    watch.ended(first);
    await time.advance(500);
    lateMs += 1_000;
    await time.advance(500);
    expect(warnings).toMatchObject([["event-loop-blocked", { tasks: ["shop.add"] }]]);
    watch.ended(second);
    await time.advance(500);
    lateMs += 1_000;
    await time.advance(500);
    expect(warnings[1]).toMatchObject(["event-loop-blocked", { tasks: [] }]);
  });

  test("does not forget a task that runs when another call of it ends that was never started", async () => {
    watch.started({ task: "shop.add" });
    watch.ended({ task: "shop.add" });
    await time.advance(500);
    lateMs += 1_000;
    await time.advance(500);
    expect(warnings).toMatchObject([["event-loop-blocked", { tasks: ["shop.add"] }]]);
  });

  test("leaves no timer behind", async () => {
    await watch.stop();
    await watch.stop();
    expect(time.pending).toBe(0);
  });
});
