import { getEventListeners } from "node:events";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { systemClock } from "./system-clock.ts";

const dayMs = 86_400_000;

describe("on real time", () => {
  test("a sleep takes at least its time", async () => {
    const startedAt = systemClock.monotonic();
    await systemClock.sleep(15.5);
    expect(systemClock.monotonic() - startedAt).toBeGreaterThanOrEqual(15.5);
  });

  test.each([0, -5, -Infinity])("a timer of %d ms fires on the next turn, not at once", async (ms) => {
    const fired = vi.fn<() => void>();
    systemClock.timer(ms, fired);
    expect(fired).not.toHaveBeenCalled();
    await new Promise((resolve) => setImmediate(resolve));
    expect(fired).toHaveBeenCalledOnce();
  });

  test("an aborted sleep rejects with the signal's reason and leaves neither timer nor listener", async () => {
    const controller = new AbortController();
    const timersBefore = countTimers();
    const sleep = systemClock.sleep(dayMs, { signal: controller.signal });
    expect(countTimers()).toBe(timersBefore + 1);
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    expect(countTimers()).toBe(timersBefore);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("a sleep that ends leaves no listener", async () => {
    const { signal } = new AbortController();
    await systemClock.sleep(1, { signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("a sleep with an aborted signal starts no timer", async () => {
    const timersBefore = countTimers();
    const reason = new Error("before");
    await expect(systemClock.sleep(dayMs, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(countTimers()).toBe(timersBefore);
  });

  test("a timer that need not keep the process alive does not", () => {
    const timersBefore = countTimers();
    const timer = systemClock.timer(dayMs, () => {}, { keepAlive: false });
    expect(countTimers()).toBe(timersBefore);
    timer.cancel();
  });

  test("a cancelled timer does not fire, before or on the next turn", async () => {
    const fired = vi.fn<() => void>();
    systemClock.timer(1, fired).cancel();
    const soon = systemClock.timer(0, fired);
    soon.cancel();
    soon.cancel();
    await systemClock.sleep(5);
    expect(fired).not.toHaveBeenCalled();
  });

  test("a deadline aborts with an error that tells the delay", async () => {
    const { signal } = systemClock.deadline(5);
    expect(signal.aborted).toBe(false);
    await systemClock.sleep(10);
    expect(signal.reason).toMatchObject({ code: "DEADLINE_EXCEEDED", retryable: true, message: "Not done after 5ms." });
  });

  test("a cancelled deadline never aborts and releases its timer", async () => {
    const timersBefore = countTimers();
    const deadline = systemClock.deadline(2, { reason: new Error("mine") });
    deadline.cancel();
    expect(countTimers()).toBe(timersBefore);
    await systemClock.sleep(5);
    expect(deadline.signal.aborted).toBe(false);
  });

  test("a delay that is no number is refused", async () => {
    const refused = expect.objectContaining({ code: "OPTION_INVALID", field: "ms" }) as Error;
    expect(() => systemClock.timer(Number.NaN, () => {})).toThrow(refused);
    expect(() => systemClock.timer("5" as unknown as number, () => {})).toThrow(refused);
    expect(() => systemClock.deadline(Number.NaN)).toThrow(refused);
    await expect(systemClock.sleep(Number.NaN)).rejects.toEqual(refused);
  });
});

describe("on the test runner's time", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }));
  afterEach(() => void vi.useRealTimers());

  test("a delay beyond the platform's 25 days is kept", () => {
    const fired = vi.fn<() => void>();
    systemClock.timer(3_650 * dayMs, fired);
    vi.advanceTimersByTime(3_650 * dayMs - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("an infinite timer never fires and can be cancelled", () => {
    const fired = vi.fn<() => void>();
    const timer = systemClock.timer(Infinity, fired);
    vi.advanceTimersByTime(1_000 * dayMs);
    expect(fired).not.toHaveBeenCalled();
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a step of the wall clock moves no delay", () => {
    const fired = vi.fn<() => void>();
    systemClock.timer(1_000, fired);
    vi.setSystemTime(dayMs);
    expect(systemClock.now()).toBe(dayMs);
    vi.advanceTimersByTime(999);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  test("a deadline aborts with the reason it was given", () => {
    const reason = new Error("mine");
    const { signal } = systemClock.deadline(100 * dayMs, { reason });
    vi.advanceTimersByTime(100 * dayMs);
    expect(signal.reason).toBe(reason);
  });
});

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}
