import { EventEmitter } from "node:events";
import { virtualClock } from "@lovage/foundation";
import { beforeEach, expect, test } from "vitest";
import { listenForStop } from "./stop-signals.ts";

let clock: ReturnType<typeof virtualClock>;
let source: EventEmitter;
let told: string[];
let end: () => void;

beforeEach(() => {
  clock = virtualClock();
  source = new EventEmitter();
  told = [];
  end = listenForStop({
    clock,
    source,
    onFirst: (signal) => told.push(`stop ${signal}`),
    onSecond: (signal) => told.push(`leave ${signal}`),
  });
});

test("the first signal stops, whichever it is", () => {
  source.emit("SIGINT", "SIGINT");
  expect(told).toEqual(["stop SIGINT"]);
});

test("a signal within half a second of the first is the same keypress", async () => {
  source.emit("SIGINT", "SIGINT");
  await clock.advance(499);
  source.emit("SIGTERM", "SIGTERM");
  expect(told).toEqual(["stop SIGINT"]);
});

test("a second signal leaves, and later ones change nothing", async () => {
  source.emit("SIGTERM", "SIGTERM");
  await clock.advance(500);
  source.emit("SIGINT", "SIGINT");
  source.emit("SIGINT", "SIGINT");
  expect(told).toEqual(["stop SIGTERM", "leave SIGINT"]);
});

test("nobody listens once it has ended", () => {
  end();
  source.emit("SIGTERM", "SIGTERM");
  expect(told).toEqual([]);
  expect(source.eventNames()).toEqual([]);
});
