import assert from "node:assert/strict";
import type { ResultPut } from "@lovage/backend";
import { hasCode } from "@lovage/foundation";
import type { BackendConcern } from "./backend-case.ts";
import { callerOnly } from "./backend-case.ts";

const needs = ["results"] as const;
const hostile = [
  "'",
  '"; DROP TABLE x;--',
  "%",
  "a\nb",
  "{}",
  "😀",
  "../x",
  "__proto__",
  "constructor",
  " ",
  "a".repeat(300),
];

/** Storing, reading and forgetting records. */
export const resultCases: BackendConcern = {
  concern: "results",
  cases: [
    {
      name: "a record is read as it was stored",
      needs,
      run: async (bench) => {
        const put = bench.put("a", { state: "SUCCESS", document: '{"result":"ä😀\\u0000","n":[1,2]}', fence: [2, 77] });
        assert.deepEqual(await bench.results.put([put]), ["stored"]);
        assert.deepEqual(await bench.results.get([put.taskId]), [recordOf(put)]);
      },
    },
    {
      name: "a record without a fence is read without one",
      needs,
      run: async (bench) => {
        const put = bench.put("a", { state: "REVOKED", fence: null });
        await bench.results.put([put]);
        assert.deepEqual(await bench.results.get([put.taskId]), [recordOf(put)]);
      },
    },
    {
      name: "records come in the order of the ids, undefined for an unknown one",
      needs,
      run: async (bench) => {
        const puts = ["a", "b", "c"].map((name) => bench.put(name));
        await bench.results.put(puts);
        const found = await bench.results.get([bench.id("c"), bench.id("x"), bench.id("a"), bench.id("c")]);
        assert.deepEqual(
          found.map((record) => record?.taskId),
          [bench.id("c"), undefined, bench.id("a"), bench.id("c")],
        );
      },
    },
    {
      name: "outcomes come in the order of the records, and a refused one keeps no other back",
      needs,
      run: async (bench) => {
        await bench.results.put([bench.put("done", { state: "SUCCESS" }), bench.put("newer", { fence: [3, 9] })]);
        const outcomes = await bench.results.put([
          bench.put("first"),
          bench.put("done", { state: "FAILURE" }),
          bench.put("newer", { fence: [3, 8] }),
          bench.put("last"),
        ]);
        assert.deepEqual(outcomes, ["stored", "final", "stale", "stored"]);
      },
    },
    {
      name: "two records of one task in one call are stored one after the other",
      needs,
      run: async (bench) => {
        const end = bench.put("a", { state: "SUCCESS" });
        assert.deepEqual(await bench.results.put([bench.put("a"), end]), ["stored", "stored"]);
        assert.deepEqual(await bench.results.get([end.taskId]), [recordOf(end)]);
      },
    },
    {
      name: "states of the user's own are stored like any other",
      needs,
      run: async (bench) => {
        const put = bench.put("a", { state: "PROGRESS" });
        await bench.results.put([put]);
        assert.equal((await bench.results.get([put.taskId]))[0]?.state, "PROGRESS");
      },
    },
    {
      name: "a document of the greatest size is stored, one byte more is refused before anything is written",
      needs,
      excludedBy: ({ capabilities }) =>
        capabilities.maxDocumentBytes > 64 * 1024 * 1024 ? "its limit is beyond what a test can fill" : undefined,
      run: async (bench) => {
        const bytes = bench.backend.capabilities.maxDocumentBytes;
        const document = `"${"é".repeat(Math.floor((bytes - 2) / 2))}${bytes % 2 === 0 ? "" : "x"}"`;
        assert.equal(Buffer.byteLength(document), bytes);
        assert.deepEqual(await bench.results.put([bench.put("fits", { document })]), ["stored"]);
        assert.equal((await bench.results.get([bench.id("fits")]))[0]?.document.length, document.length);
        const tooLarge = bench.results.put([bench.put("before"), bench.put("large", { document: `${document} ` })]);
        await assert.rejects(tooLarge, (error) => hasCode(error, "DOCUMENT_TOO_LARGE"));
        assert.deepEqual(await bench.results.get([bench.id("before"), bench.id("large")]), [undefined, undefined]);
      },
    },
    {
      name: "a forgotten record is gone and may be stored anew, even after SUCCESS",
      needs,
      run: async (bench) => {
        await bench.results.put([bench.put("a", { state: "SUCCESS", fence: [4, 4] })]);
        await bench.results.forget([bench.id("a"), bench.id("unknown")]);
        await bench.results.forget([bench.id("a")]);
        assert.deepEqual(await bench.results.get([bench.id("a")]), [undefined]);
        assert.deepEqual(await bench.results.put([bench.put("a")]), ["stored"]);
      },
    },
    {
      name: "nothing asked is nothing done",
      needs,
      run: async (bench) => {
        assert.deepEqual(await bench.results.put([]), []);
        assert.deepEqual(await bench.results.get([]), []);
        await bench.results.forget([]);
      },
    },
    {
      name: "ids with quotes, line breaks, wildcards or reserved names are ids like any other",
      needs,
      run: async (bench) => {
        const puts = hostile.map((text, index) => bench.put(text, { document: String(index) }));
        await bench.results.put(puts);
        const found = await bench.results.get(puts.map(({ taskId }) => taskId));
        assert.deepEqual(found, puts.map(recordOf));
        assert.deepEqual(await bench.results.get([bench.id("_"), bench.id("*")]), [undefined, undefined]);
      },
    },
    {
      name: "a thousand records go in one call and come in another",
      needs,
      run: async (bench) => {
        const puts = Array.from({ length: 1000 }, (_, index) => bench.put(`n${index}`, { document: String(index) }));
        assert.deepEqual(new Set(await bench.results.put(puts)), new Set(["stored"]));
        const found = await bench.results.get(puts.map(({ taskId }) => taskId));
        assert.deepEqual(
          found.map((record) => record?.document),
          puts.map(({ document }) => document),
        );
      },
    },
    {
      name: "what one process stores another reads",
      needs,
      excludedBy: callerOnly,
      run: async (bench) => {
        const other = await bench.open();
        const put = bench.put("a", { state: "SUCCESS" });
        await bench.results.put([put]);
        assert.deepEqual(await other.results.get([put.taskId]), [recordOf(put)]);
      },
    },
  ],
};

function recordOf({
  taskId,
  state,
  document,
  fence,
}: ResultPut): Pick<ResultPut, "taskId" | "state" | "document" | "fence"> {
  return { taskId, state, document, fence };
}
