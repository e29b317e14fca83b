import assert from "node:assert/strict";
import type { Results } from "@lovage/backend";
import type { BackendConcern } from "./backend-case.ts";
import { callerOnly } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const needs = ["results"] as const;

/** Learning what not to run. */
export const revocationCases: BackendConcern = {
  concern: "revocations",
  cases: [
    {
      name: "revoked tasks are listed in the order in which they were revoked",
      needs,
      run: async (bench) => {
        for (const name of ["c", "a", "b"]) await revoke(bench, name);
        await bench.results.put([bench.put("x", { state: "SUCCESS" }), bench.put("y", { state: "FAILURE" })]);
        assert.deepEqual(await listAll(bench), ["c", "a", "b"]);
      },
    },
    {
      name: "a task counts from the moment it became REVOKED, once",
      needs,
      run: async (bench) => {
        await bench.results.put([bench.put("late"), bench.put("done", { state: "SUCCESS" })]);
        await revoke(bench, "early");
        await revoke(bench, "late");
        await revoke(bench, "early");
        await revoke(bench, "done");
        assert.deepEqual(await listAll(bench), ["early", "late"]);
      },
    },
    {
      name: "a page ends at its limit and the next begins behind it",
      needs,
      run: async (bench) => {
        const names = Array.from({ length: 25 }, (_, index) => `n${index}`);
        for (const name of names) await revoke(bench, name);
        assert.deepEqual(await listAll(bench, 4), names);
      },
    },
    {
      name: "after the last page the cursor finds what is revoked later, also by another process",
      needs,
      excludedBy: callerOnly,
      run: async (bench) => {
        await revoke(bench, "a");
        const cursor = await lastCursor(bench.results);
        assert.deepEqual(own(bench, (await bench.results.revocations({ after: cursor })).taskIds), []);
        const other = await bench.open();
        await other.results.put([bench.put("b", { state: "REVOKED", fence: null })]);
        const page = await bench.results.revocations({ after: cursor });
        assert.deepEqual(own(bench, page.taskIds), ["b"]);
        assert.deepEqual(own(bench, (await bench.results.revocations({ after: page.cursor })).taskIds), []);
      },
    },
    {
      name: "a forgotten revocation is not listed",
      needs,
      run: async (bench) => {
        await revoke(bench, "a");
        await revoke(bench, "b");
        await bench.results.forget([bench.id("a")]);
        assert.deepEqual(await listAll(bench), ["b"]);
      },
    },
    {
      name: "a task that is revoked again after it was forgotten is listed once, at its new place",
      needs,
      run: async (bench) => {
        await revoke(bench, "a");
        await revoke(bench, "b");
        await bench.results.forget([bench.id("a")]);
        await revoke(bench, "a");
        assert.deepEqual(await listAll(bench), ["b", "a"]);
      },
    },
    {
      name: "a revocation is listed for as long as its record is kept",
      needs,
      passesTime: true,
      run: async (bench) => {
        await bench.results.put([bench.put("a", { state: "REVOKED", fence: null, expiresInMs: 1000 })]);
        await revoke(bench, "b");
        await bench.advance(1100);
        assert.deepEqual(await listAll(bench), ["b"]);
        await bench.backend.sweep();
        assert.deepEqual(await listAll(bench), ["b"]);
      },
    },
  ],
};

async function revoke(bench: Bench, name: string): Promise<void> {
  await bench.results.put([bench.put(name, { state: "REVOKED", fence: null })]);
}

/** All pages; the names of this case's tasks only, for the store may be shared. */
async function listAll(bench: Bench, limit = 1000): Promise<string[]> {
  const found: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await bench.results.revocations({ limit, ...(after === undefined ? {} : { after }) });
    if (page.taskIds.length === 0) return own(bench, found);
    assert.ok(page.taskIds.length <= limit, "a page is longer than its limit");
    found.push(...page.taskIds);
    after = page.cursor;
  }
}

async function lastCursor(results: Results): Promise<string> {
  let page = await results.revocations();
  while (page.taskIds.length > 0) page = await results.revocations({ after: page.cursor });
  return page.cursor;
}

function own(bench: Bench, taskIds: readonly string[]): string[] {
  return taskIds.filter((id) => bench.owns(id)).map((id) => id.slice(bench.id("").length));
}
