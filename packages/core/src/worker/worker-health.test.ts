import { describe, expect, test } from "vitest";
import { judge } from "./worker-health.ts";
import type { HealthFacts } from "./worker-health.ts";

const facts: HealthFacts = {
  state: "running",
  broker: "open",
  concurrency: 10,
  running: 0,
  settling: 0,
  abandoned: 0,
  stuck: 0,
  buffered: 0,
  oldestRunningMs: undefined,
  queues: [],
  isBackendFailing: false,
  isRetrying: false,
  idleMs: 0,
};

const verdicts = (changes: Partial<HealthFacts>): readonly [live: boolean, ready: boolean] => {
  const { live, ready } = judge({ ...facts, ...changes });
  return [live.ok, ready.ok];
};

describe("a worker", () => {
  test.each([
    ["that runs is live and ready", {}, [true, true]],
    ["that has nothing to do for an hour is live", { idleMs: 3_600_000 }, [true, true]],
    ["whose slots are taken by long tasks is live", { idleMs: 3_600_000, running: 10, buffered: 10 }, [true, true]],
    ["that starts is not ready", { state: "starting" }, [true, false]],
    ["that stops is not ready", { state: "stopping" }, [true, false]],
    ["that has stopped is not live", { state: "stopped" }, [false, false]],
    ["whose broker is away is live, and not ready", { broker: "reconnecting" }, [true, false]],
    ["that cannot write results is not ready", { isBackendFailing: true }, [true, false]],
    ["that starts nothing though it could is not live", { idleMs: 61_000, buffered: 1, running: 9 }, [false, true]],
    ["that settles nothing though it should is not live", { idleMs: 61_000, settling: 1 }, [false, true]],
    [
      "that waits for its broker with work in hand is live",
      { idleMs: 61_000, settling: 1, broker: "reconnecting" },
      [true, false],
    ],
    [
      "that waits for its backend with work in hand is live",
      { idleMs: 61_000, settling: 1, isBackendFailing: true },
      [true, false],
    ],
    ["that asks its backend again and again is live", { idleMs: 61_000, settling: 1, isRetrying: true }, [true, true]],
    ["whose functions clean up after their runs is live", { abandoned: 30, stuck: 9 }, [true, true]],
    ["with as many functions that do not end as slots is not live", { abandoned: 10, stuck: 10 }, [false, true]],
  ] as const)("%s", (_what, changes, expected) => {
    expect(verdicts(changes)).toEqual(expected);
  });

  test("says why it is not ready", () => {
    expect(judge({ ...facts, broker: "reconnecting" }).ready.reasons).toEqual([
      "the connection to the broker is reconnecting",
    ]);
  });
});
