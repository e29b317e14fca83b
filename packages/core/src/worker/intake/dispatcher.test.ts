import { virtualClock } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import { expect, test } from "vitest";
import { Dispatcher } from "./dispatcher.ts";
import type { Intake } from "./intake.ts";

test("pauses for I/O and timers after 10 ms, and goes on in the next turn of the event loop", async () => {
  const clock = virtualClock();
  let elapsedMs = 0;
  let left = 100;
  const intake = {
    get buffered() {
      return left;
    },
    next: () => ((left -= 1), {} as Delivery),
    age: () => {},
    recheck: () => undefined,
  } as unknown as Intake;
  const startedInTurn: number[] = [];
  const dispatcher = new Dispatcher({
    clock: { ...clock, monotonic: () => elapsedMs },
    concurrency: 1,
    intakes: [intake],
    mayStart: () => true,
    start: () => {
      // A task that takes a millisecond of the loop.
      elapsedMs += 1;
      dispatcher.free();
    },
  });
  dispatcher.wake();
  for (let before = left; before > 0; before = left) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
    startedInTurn.push(before - left);
  }
  expect(Math.max(...startedInTurn)).toBeLessThanOrEqual(12);
  expect(startedInTurn.length).toBeGreaterThanOrEqual(8);
  expect(dispatcher.taken).toBe(0);
});

test("begins nothing of what has waited for a second before the broker has told what is ours still", async () => {
  const clock = virtualClock();
  const asked = Promise.withResolvers<void>();
  const waiting = ["lost", "kept"];
  let isAged = false;
  const intake = {
    get buffered() {
      return waiting.length;
    },
    // As an intake does: what was lost by now is passed over.
    next: () => {
      const token = waiting.shift();
      return isAged && token === "lost" ? undefined : ({ token } as Delivery);
    },
    age: () => (isAged = true),
    recheck: () => asked.promise,
  } as unknown as Intake;
  const started: string[] = [];
  const start = ({ token }: Delivery): void => void started.push(token);
  const dispatcher = new Dispatcher({
    // A second and more after the clock's beginning.
    clock: { ...clock, monotonic: () => 5_000 },
    concurrency: 2,
    intakes: [intake],
    mayStart: () => true,
    start,
  });
  dispatcher.wake();
  await Promise.resolve();
  // Another slot is free, or another delivery has come, in the same turn.
  dispatcher.wake();
  await Promise.resolve();
  expect(started).toEqual([]);
  await new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)));
  dispatcher.wake();
  await new Promise<void>((resolve) => void setImmediate(resolve));
  expect(started).toEqual([]);
  asked.resolve();
  await new Promise<void>((resolve) => void setImmediate(resolve));
  expect(started).toEqual(["kept"]);
});
