import assert from "node:assert/strict";
import type { BackendConcern } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const needs = ["coordination"] as const;

/** Keys that only one may own. */
export const keyCases: BackendConcern = {
  concern: "keys",
  cases: [
    {
      name: "the first who claims a key owns it, all others are told who does",
      needs,
      run: async (bench) => {
        assert.equal(await claim(bench, "a"), "a");
        assert.equal(await claim(bench, "b"), "a");
        assert.equal(await claim(bench, "a"), "a");
      },
    },
    {
      name: "an owner that asks again prolongs; others asking do not",
      needs,
      passesTime: true,
      run: async (bench) => {
        await claim(bench, "a", 1000);
        await bench.advance(700);
        assert.equal(await claim(bench, "a", 1000), "a");
        await bench.advance(700);
        assert.equal(await claim(bench, "b", 1000), "a");
        await bench.advance(400);
        assert.equal(await claim(bench, "b", 1000), "b");
      },
    },
    {
      name: "a key is freed by its owner and by nobody else",
      needs,
      run: async (bench) => {
        await claim(bench, "a");
        await bench.coordination.releaseKey(bench.id("key"), "b");
        assert.equal(await claim(bench, "b"), "a");
        await bench.coordination.releaseKey(bench.id("key"), "a");
        await bench.coordination.releaseKey(bench.id("key"), "a");
        assert.equal(await claim(bench, "b"), "b");
      },
    },
    {
      name: "an expired key is free, swept or not",
      needs,
      passesTime: true,
      run: async (bench) => {
        await claim(bench, "a", 1000);
        await bench.advance(1100);
        await bench.backend.sweep();
        assert.equal(await claim(bench, "b", 1000), "b");
        await bench.advance(1100);
        assert.equal(await claim(bench, "c", 1000), "c");
        await bench.coordination.releaseKey(bench.id("key"), "b");
        assert.equal(await claim(bench, "a", 1000), "c");
      },
    },
    {
      name: "of a thousand who claim at once one owns the key and all are told the same",
      needs,
      run: async (bench) => {
        const owners = await bench.atOnce(1000, async (backend, index) => {
          const request = { key: bench.id("key"), owner: `o${index}`, expiresInMs: 60_000 };
          return (await backend.coordination.claimKey(request)).owner;
        });
        assert.equal(new Set(owners).size, 1);
        assert.match(owners[0] ?? "", /^o\d+$/);
      },
    },
  ],
};

async function claim(bench: Bench, owner: string, expiresInMs = 60_000): Promise<string> {
  return (await bench.coordination.claimKey({ key: bench.id("key"), owner, expiresInMs })).owner;
}
