import assert from "node:assert/strict";
import type { Backend, ResultPut, ResultRecord } from "@lovage/backend";
import type { BackendConcern } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const needs = ["results"] as const;

/** Results that travel by message to the one who sent the task. */
export const callerCases: BackendConcern = {
  concern: "results for the caller",
  cases: [
    {
      name: "what another process stores for the caller comes to it, whole, and to nobody else",
      needs,
      excludedBy: readByAnybody,
      run: async (bench) => {
        const [worker, bystander] = [await bench.open(), await bench.open()];
        const put = bench.put("a", { state: "SUCCESS", document: '{"result":"ä😀"}', fence: [2, 77] });
        assert.deepEqual(await worker.results.put([put]), ["stored"]);
        await come(bench, "a");
        const { taskId, state, document, fence } = put;
        assert.deepEqual(await bench.results.get([taskId]), [{ taskId, state, document, fence }]);
        for (const { results } of [worker, bystander]) assert.deepEqual(await results.get([taskId]), [undefined]);
      },
    },
    {
      name: "a result that comes before anybody waits is told to the watch that begins later",
      needs,
      excludedBy: readByAnybody,
      run: async (bench) => {
        const worker = await bench.open();
        await worker.results.put([bench.put("early", { state: "SUCCESS" })]);
        await come(bench, "early");
        const told: ResultRecord[] = [];
        await bench.results.watch([bench.id("early"), bench.id("late")], (record) => told.push(record));
        await worker.results.put([bench.put("late", { state: "FAILURE" })]);
        await bench.until("both are told", () => told.length === 2);
        assert.deepEqual(
          told.map(({ state }) => state),
          ["SUCCESS", "FAILURE"],
        );
      },
    },
    {
      name: "the caller keeps the newest of what several processes store, and the end once it has come",
      needs,
      excludedBy: readByAnybody,
      run: async (bench) => {
        const worker = await bench.open();
        const store = async (changes: Partial<ResultPut>): Promise<void> =>
          void (await worker.results.put([bench.put("a", changes)]));
        await store({ fence: [0, 10], document: '"new"' });
        await store({ fence: [0, 9], document: '"old"', state: "FAILURE" });
        await worker.results.put([bench.put("mark 1")]);
        await come(bench, "mark 1");
        assert.equal((await bench.results.get([bench.id("a")]))[0]?.document, '"new"');
        await store({ fence: [0, 10], document: '"end"', state: "SUCCESS" });
        await store({ fence: [1, 1], document: '"again"', state: "SUCCESS" });
        await worker.results.put([bench.put("mark 2")]);
        await come(bench, "mark 2");
        assert.equal((await bench.results.get([bench.id("a")]))[0]?.document, '"end"');
      },
    },
    {
      name: "a thousand results from two processes all come",
      needs,
      excludedBy: readByAnybody,
      run: async (bench) => {
        const [one, other] = [await bench.open(), await bench.open()];
        const names = Array.from({ length: 1000 }, (_, index) => `n${index}`);
        await Promise.all(names.map((name, index) => (index % 2 === 0 ? one : other).results.put([bench.put(name)])));
        await bench.until("all are there", async () => {
          const found = await bench.results.get(names.map((name) => bench.id(name)));
          return found.every((record) => record !== undefined);
        });
      },
    },
    {
      name: "a caller that is gone keeps no worker from storing",
      needs,
      excludedBy: readByAnybody,
      run: async (bench) => {
        const gone = await bench.open();
        const put = bench.put("a", { state: "SUCCESS", replyTo: String(gone.results.replyTo) });
        await gone.close();
        assert.deepEqual(await bench.results.put([put]), ["stored"]);
      },
    },
    {
      name: "a result for nobody is stored nowhere, and one that the caller itself writes is its own",
      needs,
      excludedBy: readByAnybody,
      run: async (bench) => {
        const { replyTo: _, ...forNobody } = bench.put("worked", { state: "SUCCESS" });
        const { replyTo: __, ...cancelled } = bench.put("cancelled", { state: "REVOKED", fence: null });
        assert.deepEqual(await bench.results.put([forNobody, cancelled]), ["stored", "stored"]);
        const found = await bench.results.get([forNobody.taskId, cancelled.taskId]);
        assert.deepEqual(
          found.map((record) => record?.state),
          [undefined, "REVOKED"],
        );
      },
    },
  ],
};

function readByAnybody({ capabilities }: Backend): string | undefined {
  return capabilities.readers === "any" ? "anybody reads its results" : undefined;
}

/** Messages take a moment. */
async function come(bench: Bench, name: string): Promise<void> {
  const isThere = async (): Promise<boolean> => (await bench.results.get([bench.id(name)]))[0] !== undefined;
  await bench.until(`"${name}" has come`, isThere);
}
