import { once } from "node:events";
import net from "node:net";
import { systemClock, virtualClock, type Timer } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { patience } from "./patience.ts";

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A clock whose timers the test ends. */
class Due {
  readonly callbacks: (() => void)[] = [];

  timer(_: number, callback: () => void): Timer {
    this.callbacks.push(callback);
    return { cancel: () => {} };
  }

  end(): void {
    this.callbacks.shift()?.();
  }
}

test("silence is told of after its time, once, and not to who has stopped waiting", async () => {
  const clock = virtualClock();
  const told: string[] = [];
  patience(clock, 10_000, () => told.push("silent"));
  patience(clock, 10_000, () => told.push("answered")).cancel();
  await clock.advance(9_999);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect([told, clock.pending]).toEqual([["silent"], 0]);
});

test("an answer that came while the event loop was blocked is read before silence is told of", async () => {
  const server = net.createServer((far) => far.on("error", () => {}).write("hello"));
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const socket = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  const outcome = new Promise((resolve) => {
    const timer = patience(systemClock, 10, () => resolve("silence"));
    socket.once("data", () => {
      timer.cancel();
      resolve("an answer");
    });
    // As user code blocks: for longer than the whole wait.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  });
  expect(await outcome).toBe("an answer");
});

test("time in which this process stood still does not count: the server has the rest of its time to answer to what was written only then", async () => {
  const clock = new Due();
  let isOver = false;
  patience(clock, 10_000, () => (isOver = true));
  // However late the first part ends, nine are to come.
  for (let left = 10; left > 0; left -= 1) {
    expect([isOver, clock.callbacks.length]).toEqual([false, 1]);
    clock.end();
    await turn();
  }
  expect(isOver).toBe(true);
});

test("who is answered in the turn in which the time is over is told of no silence", async () => {
  const clock = new Due();
  let isOver = false;
  const waiting = patience(clock, 10_000, () => (isOver = true));
  for (let left = 10; left > 0; left -= 1) clock.end();
  waiting.cancel();
  await turn();
  expect(isOver).toBe(false);
});
