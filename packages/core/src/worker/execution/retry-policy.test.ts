import { assert, double, nat, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveTaskOptions } from "../../app/resolve-task-options.ts";
import type { TaskOptions } from "../../app/task-options.ts";
import type { TaskCall } from "../../protocol/task-call.ts";
import { TimeLimitExceeded } from "../run/errors.ts";
import type { Outcome } from "../run/outcome.ts";
import { RetryRequest } from "../run/retry-request.ts";
import type { RetryTime } from "../run/retry-request.ts";
import { decideRetry } from "./retry-policy.ts";

class NetworkError extends Error {}

const decide = (
  thrown: unknown,
  options: TaskOptions,
  { retries = 0, random = 0.5, expiresAtMs = Infinity } = {},
): Outcome & { errors: unknown[] } => {
  const of = { id: "1", task: "t", args: [], kwargs: {}, embed: {}, rootId: "1", headers: {} };
  const call: TaskCall = { ...of, retries, expiresAtMs };
  const errors: unknown[] = [];
  const outcome = decideRetry({
    call,
    options: resolveTaskOptions(options),
    thrown,
    nowMs: 100_000,
    random: () => random,
    onFilterError: (error) => errors.push(error),
  });
  return { ...outcome, errors };
};

describe("a task that threw", () => {
  test("has failed when nothing says that it is to be retried", () => {
    const error = new Error("boom");
    expect(decide(error, {})).toMatchObject({ kind: "failure", error, reason: "failed" });
  });

  test.each([
    ["its class", [NetworkError]],
    ["a class above it", [Error]],
    ["a function that says yes", [(error: unknown) => error instanceof NetworkError]],
    ["everything", true],
    ["the second of several", [RangeError, NetworkError]],
  ] as const)("is retried when retryFor names %s", (_what, retryFor) => {
    expect(decide(new NetworkError("away"), { retryFor })).toMatchObject({ kind: "retry" });
  });

  test("is not retried for another class, nor for a function that says no", () => {
    expect(decide(new Error("boom"), { retryFor: [NetworkError, () => false] })).toMatchObject({ kind: "failure" });
  });

  test("has failed with its own error when its retry would be due after it has expired", () => {
    const options = { retryFor: true, retryBackoff: "10s", retryJitter: false } as const;
    const error = new Error("boom");
    expect(decide(error, options, { expiresAtMs: 110_001 })).toMatchObject({ kind: "retry" });
    expect(decide(error, options, { expiresAtMs: 110_000 })).toMatchObject({ kind: "failure", error });
    const asked = (time: RetryTime, cause?: unknown): Outcome =>
      decide(new RetryRequest("t", { time, ...(cause === undefined ? {} : { cause }) }), {}, { expiresAtMs: 110_000 });
    expect(asked({ etaMs: 109_999 })).toMatchObject({ kind: "retry" });
    expect(asked({ etaMs: 110_000 }, error)).toMatchObject({ kind: "failure", error });
    expect(asked({ countdownMs: 10_000 })).toMatchObject({ kind: "failure", error: { code: "RETRY_TOO_LATE" } });
  });

  test("with a value that is no error fits a function, and no class", () => {
    expect(decide("text", { retryFor: [(thrown) => thrown === "text"] })).toMatchObject({ kind: "retry" });
    expect(decide(undefined, { retryFor: [Error] })).toMatchObject({ kind: "failure" });
  });

  test("fits a class that is not of errors", () => {
    class Signal {
      readonly number = 9;
    }
    expect(decide(new Signal(), { retryFor: [Signal] })).toMatchObject({ kind: "retry" });
    expect(decide(new Error("other"), { retryFor: [Signal] })).toMatchObject({ kind: "failure", errors: [] });
  });

  test("has failed, with its own error, when a function in retryFor throws; that is told", () => {
    const error = new Error("boom");
    const inFilter = new Error("in the filter");
    const outcome = decide(error, {
      retryFor: [
        () => {
          throw inFilter;
        },
      ],
    });
    expect(outcome).toMatchObject({ kind: "failure", error, errors: [inFilter] });
  });

  test("has failed when a proxy that throws on everything is tested against a class", () => {
    const hostile = new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error("no");
        },
      },
    );
    expect(decide(hostile, { retryFor: [NetworkError] })).toMatchObject({ kind: "failure" });
  });

  test("has failed once its retries are used up", () => {
    expect(decide(new Error("x"), { retryFor: true, maxRetries: 2 }, { retries: 1 })).toMatchObject({ kind: "retry" });
    expect(decide(new Error("x"), { retryFor: true, maxRetries: 2 }, { retries: 2 })).toMatchObject({
      kind: "failure",
    });
  });

  test("by its time limit is retried only where retryFor says so", () => {
    const error = new TimeLimitExceeded("t", 1_000);
    expect(decide(error, { retryFor: [NetworkError] })).toMatchObject({ kind: "failure" });
    expect(decide(error, { retryFor: [TimeLimitExceeded] })).toMatchObject({ kind: "retry" });
  });
});

describe("the wait before a retry", () => {
  test("doubles with each retry, up to its cap, without jitter", () => {
    const options = {
      retryFor: true,
      maxRetries: 10,
      retryBackoff: "1s",
      retryBackoffMax: "5s",
      retryJitter: false,
    } as const;
    const waits = [0, 1, 2, 3].map((retries) => decide(new Error("x"), options, { retries }));
    expect(waits.map((outcome) => outcome.kind === "retry" && outcome.time)).toEqual(
      [1_000, 2_000, 4_000, 5_000].map((countdownMs) => ({ countdownMs })),
    );
  });

  test("is anywhere from nothing to the back-off, for any number of retries", () => {
    assert(
      property(nat(1_000_000), double({ min: 0, max: 0.999, noNaN: true }), (retries, random) => {
        const options = { retryFor: true, maxRetries: 1_000_000, retryBackoff: "1s", retryBackoffMax: "10m" } as const;
        const outcome = decide(new Error("x"), options, { retries: Math.min(retries, 999_999), random });
        const wait = outcome.kind === "retry" && "countdownMs" in outcome.time ? outcome.time.countdownMs : Number.NaN;
        const ceiling = Math.min(600_000, 1_000 * 2 ** Math.min(retries, 30));
        return wait >= 0 && wait <= ceiling;
      }),
    );
  });
});

describe("task.retry", () => {
  test("is a retry whatever retryFor says, at the time it names", () => {
    const time = { countdownMs: 7_000 };
    expect(decide(new RetryRequest("t", { time }), {})).toMatchObject({ kind: "retry", time });
  });

  test("waits by the back-off when it names no time", () => {
    expect(decide(new RetryRequest("t", {}), { retryJitter: false })).toMatchObject({ time: { countdownMs: 1_000 } });
  });

  test("records its cause, and fails with it when no retries are left", () => {
    const cause = new NetworkError("away");
    const request = new RetryRequest("t", { cause });
    expect(decide(request, {})).toMatchObject({ kind: "retry", error: cause });
    expect(decide(request, {}, { retries: 3 })).toMatchObject({ kind: "failure", error: cause });
  });

  test("fails with an error of its own when no retries are left and it has no cause", () => {
    const outcome = decide(new RetryRequest("t", {}), {}, { retries: 3 });
    expect(outcome).toMatchObject({ kind: "failure", error: { code: "MAX_RETRIES_EXCEEDED" } });
  });

  test("may bring a number of retries of its own", () => {
    expect(decide(new RetryRequest("t", { maxRetries: 9 }), {}, { retries: 8 })).toMatchObject({ kind: "retry" });
    expect(decide(new RetryRequest("t", { maxRetries: 0 }), {})).toMatchObject({ kind: "failure" });
  });
});
