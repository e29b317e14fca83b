import assert from "node:assert/strict";
import type { Fence, ResultPut } from "@lovage/backend";
import type { BackendConcern } from "./backend-case.ts";
import { callerOnly } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const needs = ["results"] as const;

/** Which record stays when several deliveries speak of one task. */
export const fenceCases: BackendConcern = {
  concern: "fences",
  cases: [
    {
      name: "a record of an older delivery is stale, and the newer one stays",
      needs,
      run: async (bench) => {
        assert.equal(await store(bench, { fence: [0, 10], document: '"new"' }), "stored");
        assert.equal(await store(bench, { fence: [0, 9], document: '"old"', state: "SUCCESS" }), "stale");
        assert.equal(await documentThere(bench), '"new"');
      },
    },
    {
      name: "the attempt is compared before the delivery",
      needs,
      run: async (bench) => {
        assert.equal(await store(bench, { fence: [1, 1] }), "stored");
        assert.equal(await store(bench, { fence: [0, 99] }), "stale");
        assert.equal(await store(bench, { fence: [10, 0] }), "stored");
        assert.equal(await store(bench, { fence: [9, 5] }), "stale");
      },
    },
    {
      name: "fences are compared as numbers, up to the largest safe integer",
      needs,
      run: async (bench) => {
        const largest = Number.MAX_SAFE_INTEGER;
        assert.equal(await store(bench, { fence: [0, largest - 1] }), "stored");
        assert.equal(await store(bench, { fence: [0, 9] }), "stale");
        assert.equal(await store(bench, { fence: [0, largest] }), "stored");
        assert.equal(await store(bench, { fence: [0, largest - 1] }), "stale");
        assert.deepEqual((await bench.results.get([bench.id("t")]))[0]?.fence, [0, largest]);
      },
    },
    {
      name: "a record with the fence of the one there replaces it",
      needs,
      run: async (bench) => {
        await store(bench, { state: "PROGRESS" });
        assert.equal(await store(bench, { state: "PROGRESS", document: "2" }), "stored");
        assert.equal(await store(bench, { state: "SUCCESS", document: "3" }), "stored");
        assert.equal(await documentThere(bench), "3");
      },
    },
    {
      name: "SUCCESS stays, whoever writes",
      needs,
      run: async (bench) => {
        await store(bench, { state: "SUCCESS", document: "1" });
        assert.equal(await store(bench, { state: "FAILURE" }), "final");
        assert.equal(await store(bench, { state: "SUCCESS", document: "2", fence: [5, 5] }), "final");
        assert.equal(await store(bench, { state: "REVOKED", fence: null }), "final");
        assert.equal(await documentThere(bench), "1");
      },
    },
    {
      name: "REVOKED stays, whoever writes",
      needs,
      run: async (bench) => {
        await store(bench, { state: "STARTED", fence: [0, 3] });
        assert.equal(await store(bench, { state: "REVOKED", fence: null, document: "1" }), "stored");
        assert.equal(await store(bench, { state: "SUCCESS", fence: [0, 3] }), "final");
        assert.equal(await store(bench, { state: "SUCCESS", fence: [9, 9] }), "final");
        assert.equal(await documentThere(bench), "1");
      },
    },
    {
      name: "an older record beside SUCCESS is told final rather than stale",
      needs,
      run: async (bench) => {
        await store(bench, { state: "SUCCESS", fence: [1, 8] });
        assert.equal(await store(bench, { state: "STARTED", fence: [0, 2] }), "final");
      },
    },
    {
      name: "the same final record again is stored: the writer repeats a call whose answer was lost",
      needs,
      run: async (bench) => {
        assert.equal(await store(bench, { state: "SUCCESS", document: "1", fence: [0, 2] }), "stored");
        assert.equal(await store(bench, { state: "SUCCESS", document: "1", fence: [0, 2] }), "stored");
        assert.equal(await documentThere(bench), "1");
      },
    },
    {
      name: "FAILURE is replaced by a newer delivery, and not by an older one",
      needs,
      run: async (bench) => {
        await store(bench, { state: "FAILURE", fence: [3, 20] });
        assert.equal(await store(bench, { state: "SUCCESS", fence: [3, 19] }), "stale");
        assert.equal(await store(bench, { state: "SUCCESS", fence: [3, 21] }), "stored");
      },
    },
    {
      name: "an unfenced record replaces any that may be replaced, and is replaced by any",
      needs,
      run: async (bench) => {
        await store(bench, { state: "FAILURE", fence: [3, 20] });
        assert.equal(await store(bench, { state: "PENDING", fence: null }), "stored");
        assert.equal(await store(bench, { state: "STARTED", fence: [0, 1] }), "stored");
      },
    },
    {
      name: "of many writers at once the newest is the one that stays",
      needs,
      excludedBy: callerOnly,
      run: async (bench) => {
        await bench.atOnce(60, (backend, index) => {
          const delivery = (index * 37) % 60;
          return backend.results.put([bench.put("t", { fence: [0, delivery], document: String(delivery) })]);
        });
        assert.equal(await documentThere(bench), "59");
        assert.deepEqual((await bench.results.get([bench.id("t")]))[0]?.fence, [0, 59] satisfies Fence);
      },
    },
    {
      name: "of many who end a task at once one is stored, and that one is read",
      needs,
      excludedBy: callerOnly,
      run: async (bench) => {
        const outcomes = await bench.atOnce(20, (backend, index) =>
          backend.results.put([bench.put("t", { state: "SUCCESS", document: String(index) })]),
        );
        const stored = outcomes.flatMap((outcome, index) => (outcome[0] === "stored" ? [String(index)] : []));
        assert.deepEqual([await documentThere(bench)], stored);
      },
    },
  ],
};

async function store(bench: Bench, changes: Partial<ResultPut>): Promise<string | undefined> {
  return (await bench.results.put([bench.put("t", changes)]))[0];
}

async function documentThere(bench: Bench): Promise<string | undefined> {
  return (await bench.results.get([bench.id("t")]))[0]?.document;
}
