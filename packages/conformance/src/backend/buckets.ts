import assert from "node:assert/strict";
import type { BucketRequest } from "@lovage/backend";
import { systemClock } from "@lovage/foundation";
import type { BackendConcern } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const needs = ["coordination"] as const;
/** Stores may compute in whole milliseconds, or in fractions. */
const roundingMs = 2;
/** How long reservations one after the other may take. */
const slackMs = 400;

/** Token buckets: turns that are reserved. */
export const bucketCases: BackendConcern = {
  concern: "buckets",
  cases: [
    {
      name: "what is saved up is had at once, what comes then is spread over time",
      needs,
      passesTime: true,
      run: async (bench) => {
        const turns = await reserveMany(bench, 8, { tokens: 4, perMs: 40_000 });
        near(turns, [0, 0, 0, 0, 10_000, 20_000, 30_000, 40_000]);
      },
    },
    {
      name: "a reserved turn is spent, and turns grow with time",
      needs,
      passesTime: true,
      run: async (bench) => {
        const rate = { tokens: 2, perMs: 2000, burst: 1 };
        near(await reserveMany(bench, 3, rate), [0, 1000, 2000]);
        await bench.advance(1500);
        near(await reserveMany(bench, 1, rate), [1500]);
        await bench.advance(10_000);
        near(await reserveMany(bench, 2, rate), [0, 1000]);
      },
    },
    {
      name: "no more is saved up than the burst",
      needs,
      passesTime: true,
      run: async (bench) => {
        const rate = { tokens: 10, perMs: 10_000, burst: 2 };
        near(await reserveMany(bench, 3, rate), [0, 0, 1000]);
        await bench.advance(20_000);
        near(await reserveMany(bench, 3, rate), [0, 0, 1000]);
      },
    },
    {
      name: "a turn may cost several tokens, or part of one",
      needs,
      passesTime: true,
      run: async (bench) => {
        const rate = { tokens: 10, perMs: 10_000 };
        near(await reserveMany(bench, 1, { ...rate, cost: 8 }), [0]);
        near(await reserveMany(bench, 1, { ...rate, cost: 5 }), [3000]);
        near(await reserveMany(bench, 1, { ...rate, cost: 0.5 }), [3500]);
      },
    },
    {
      name: "a swept bucket gives no turn too many",
      needs,
      passesTime: true,
      run: async (bench) => {
        const rate = { tokens: 2, perMs: 2000 };
        near(await reserveMany(bench, 3, rate), [0, 0, 1000]);
        await bench.advance(500);
        await bench.backend.sweep();
        near(await reserveMany(bench, 1, rate), [1500]);
      },
    },
    {
      name: "buckets do not mix",
      needs,
      run: async (bench) => {
        const rate = { tokens: 1, perMs: 60_000 };
        assert.equal((await bench.coordination.reserve({ name: bench.id("a"), ...rate })).inMs, 0);
        assert.equal((await bench.coordination.reserve({ name: bench.id("b"), ...rate })).inMs, 0);
      },
    },
    {
      name: "of many that reserve at once each has a turn of its own",
      needs,
      passesTime: true,
      run: async (bench) => {
        const startedAtMs = systemClock.monotonic();
        const turns = await bench.atOnce(30, async (backend) => {
          const request = { name: bench.id("bucket"), tokens: 1, perMs: 60_000 };
          return (await backend.coordination.reserve(request)).inMs;
        });
        near(
          turns.toSorted((a, b) => a - b),
          turns.map((_, index) => index * 60_000),
          // All of them open connections first, one after the other where the way there is slow.
          systemClock.monotonic() - startedAtMs + roundingMs,
        );
      },
    },
  ],
};

async function reserveMany(bench: Bench, count: number, rate: Omit<BucketRequest, "name">): Promise<number[]> {
  const turns: number[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    turns.push((await bench.coordination.reserve({ name: bench.id("bucket"), ...rate })).inMs);
  }
  return turns;
}

/** Where the store's own clock runs on, turns are nearer by as much. */
function near(turns: readonly number[], expected: readonly number[], withinMs = slackMs): void {
  const fits = turns.every((turn, index) => {
    const wanted = expected[index] ?? Number.NaN;
    return turn >= 0 && turn <= wanted + roundingMs && turn >= wanted - withinMs;
  });
  assert.ok(
    fits && turns.length === expected.length,
    `turns in ${turns.join(", ")} ms; expected ${expected.join(", ")}`,
  );
}
