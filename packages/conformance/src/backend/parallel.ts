import assert from "node:assert/strict";
import { hasCode } from "@lovage/foundation";
import type { BackendConcern } from "./backend-case.ts";
import { callerOnly } from "./backend-case.ts";

/** Many calls at once, and what a backend says of itself. */
export const parallelCases: BackendConcern = {
  concern: "parallel use",
  cases: [
    {
      name: "a thousand calls at once are each answered for themselves",
      needs: ["results"],
      excludedBy: callerOnly,
      run: async (bench) => {
        const outcomes = await bench.atOnce(1000, (backend, index) => {
          const puts = [bench.put(`n${index}`, { document: String(index) }), bench.put("done", { state: "SUCCESS" })];
          return backend.results.put(index === 500 ? puts : puts.slice(0, 1));
        });
        assert.equal(outcomes.filter((outcome) => outcome[0] === "stored").length, 1000);
        const found = await Promise.all(
          Array.from(
            { length: 1000 },
            async (_, index) => (await bench.results.get([bench.id(`n${index}`)]))[0]?.document,
          ),
        );
        assert.deepEqual(
          found,
          Array.from({ length: 1000 }, (_, index) => String(index)),
        );
      },
    },
    {
      name: "a call that is refused takes none of its neighbours with it",
      needs: ["results"],
      run: async (bench) => {
        await bench.results.put([bench.put("done", { state: "SUCCESS" })]);
        const answers = await Promise.all([
          bench.results.put([bench.put("a")]),
          bench.results.put([bench.put("done", { state: "FAILURE" })]),
          bench.results.put([bench.put("b")]),
        ]);
        assert.deepEqual(answers, [["stored"], ["final"], ["stored"]]);
      },
    },
    {
      name: "capabilities are what the contract knows, and do not change",
      needs: [],
      run: async (bench) => {
        const { reach, durability, readers, watch, maxDocumentBytes } = bench.backend.capabilities;
        assert.ok(["process", "machine", "network"].includes(reach));
        assert.ok(["none", "process", "power", "node"].includes(durability));
        assert.ok(["any", "caller"].includes(readers));
        assert.ok(["push", "poll"].includes(watch));
        assert.ok(maxDocumentBytes >= 256 * 1024);
        assert.ok(Object.isFrozen(bench.backend.capabilities));
      },
    },
    {
      name: "the schema of an open backend has nothing left to apply",
      needs: [],
      excludedBy: (backend) => (backend.schema === undefined ? "the backend has no schema" : undefined),
      run: async (bench) => {
        const plan = await bench.backend.schema?.plan();
        assert.equal(plan?.from, plan?.to);
        assert.deepEqual(plan?.statements, []);
        assert.deepEqual(await bench.backend.schema?.apply(), plan);
      },
    },
    {
      name: "the store's time goes on, and is told after a close no more",
      needs: [],
      excludedBy: (backend) => (backend.serverTimeMs === undefined ? "the store does not tell its time" : undefined),
      run: async (bench) => {
        const backend = await bench.open();
        const firstMs = (await backend.serverTimeMs?.()) ?? Number.NaN;
        const secondMs = (await backend.serverTimeMs?.()) ?? Number.NaN;
        assert.ok(firstMs > Date.UTC(2020, 0, 1) && secondMs >= firstMs, `${firstMs}, then ${secondMs}`);
        await backend.close();
        await assert.rejects(
          async () => await backend.serverTimeMs?.(),
          (error) => hasCode(error, "CLOSED"),
        );
      },
    },
    {
      name: "sweeping at once from several backends does no harm",
      needs: ["results"],
      run: async (bench) => {
        const other = await bench.open();
        await bench.results.put([bench.put("a")]);
        await Promise.all([bench.backend.sweep(), other.sweep(), bench.backend.sweep()]);
        assert.notEqual((await bench.results.get([bench.id("a")]))[0], undefined);
      },
    },
  ],
};
