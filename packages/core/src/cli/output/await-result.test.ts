import { virtualClock } from "@lovage/foundation";
import { afterEach, expect, test, vi } from "vitest";
import { awaitResult } from "./await-result.ts";

afterEach(() => vi.restoreAllMocks());

function notes(): readonly string[] {
  const lines: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  return lines;
}

test("whoever waits for long is told for which call, once", async () => {
  const [clock, told] = [virtualClock(), notes()];
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const value = awaitResult({ id: "one", get: () => promise }, { clock, timeout: undefined });
  await clock.advance(4_999);
  expect(told).toEqual([]);
  await clock.advance(60_000);
  expect(told).toEqual([expect.stringContaining("task one. Is a worker running?")]);
  resolve(undefined);
  expect(await value).toBeNull();
});

test("whoever need not wait is told nothing, and no timer is left", async () => {
  const [clock, told] = [virtualClock(), notes()];
  expect(await awaitResult({ id: "one", get: () => Promise.resolve(5) }, { clock, timeout: 1 })).toBe(5);
  await clock.advance(60_000);
  expect(told).toEqual([]);
});
