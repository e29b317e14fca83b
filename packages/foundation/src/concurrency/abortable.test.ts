import { getEventListeners } from "node:events";

import { expect, test } from "vitest";

import { abortable } from "./abortable.ts";

test("gives what the promise gives, and leaves no listener behind", async () => {
  const { signal } = new AbortController();
  await expect(abortable(Promise.resolve(5), signal)).resolves.toBe(5);
  await expect(abortable(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
  await Promise.resolve();
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("rejects with the signal's reason as soon as it aborts", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = abortable(new Promise<never>(() => {}), controller.signal);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test("rejects at once for a signal that is already aborted, and drops the promise's late error", async () => {
  const reason = new Error("before");
  const { promise, reject } = Promise.withResolvers<never>();
  await expect(abortable(promise, AbortSignal.abort(reason))).rejects.toBe(reason);
  // An unhandled rejection would fail the run.
  reject(new Error("late"));
});

test("without a signal it is the promise", async () => {
  await expect(abortable(Promise.resolve(5), undefined)).resolves.toBe(5);
});
