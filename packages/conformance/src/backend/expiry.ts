import assert from "node:assert/strict";
import type { BackendConcern } from "./backend-case.ts";

/** Records that end by themselves. */
export const expiryCases: BackendConcern = {
  concern: "expiry",
  cases: [
    {
      name: "an expired result is not seen, swept or not",
      needs: ["results"],
      passesTime: true,
      run: async (bench) => {
        await bench.results.put([bench.put("a", { state: "SUCCESS", expiresInMs: 1000 }), bench.put("b")]);
        await bench.advance(500);
        assert.notEqual((await bench.results.get([bench.id("a")]))[0], undefined);
        await bench.advance(600);
        const ids = [bench.id("a"), bench.id("b")];
        assert.deepEqual(
          (await bench.results.get(ids)).map((record) => record?.taskId),
          [undefined, bench.id("b")],
        );
        await bench.backend.sweep();
        assert.deepEqual(
          (await bench.results.get(ids)).map((record) => record?.taskId),
          [undefined, bench.id("b")],
        );
      },
    },
    {
      name: "an expired result hinders no later one",
      needs: ["results"],
      passesTime: true,
      run: async (bench) => {
        await bench.results.put([bench.put("a", { state: "SUCCESS", fence: [5, 5], expiresInMs: 1000 })]);
        await bench.advance(1100);
        assert.deepEqual(await bench.results.put([bench.put("a", { fence: [0, 1] })]), ["stored"]);
        assert.equal((await bench.results.get([bench.id("a")]))[0]?.state, "STARTED");
      },
    },
    {
      name: "each write renews the expiry, also that of a final record repeated",
      needs: ["results"],
      passesTime: true,
      run: async (bench) => {
        const put = bench.put("a", { state: "SUCCESS", expiresInMs: 1000 });
        await bench.results.put([put]);
        await bench.advance(700);
        await bench.results.put([put]);
        await bench.advance(700);
        assert.notEqual((await bench.results.get([put.taskId]))[0], undefined);
        await bench.advance(400);
        assert.deepEqual(await bench.results.get([put.taskId]), [undefined]);
      },
    },
    {
      name: "an expired result is not told to a watch",
      needs: ["results"],
      passesTime: true,
      run: async (bench) => {
        await bench.results.put([bench.put("old", { expiresInMs: 1000 })]);
        await bench.advance(1100);
        const told: string[] = [];
        await bench.results.watch([bench.id("old"), bench.id("new")], ({ taskId }) => told.push(taskId));
        await bench.results.put([bench.put("new")]);
        await bench.until("the new one is told", () => told.includes(bench.id("new")));
        assert.equal(told.includes(bench.id("old")), false);
      },
    },
    {
      name: "sweeps remove what has expired, some of it at a time, and tell how much",
      needs: ["results"],
      passesTime: true,
      run: async (bench) => {
        const names = Array.from({ length: 300 }, (_, index) => `n${index}`);
        await bench.results.put(names.map((name) => bench.put(name, { expiresInMs: 1000 })));
        await bench.results.put([bench.put("stays")]);
        await bench.advance(1100);
        let removed = 0;
        for (let last = await bench.backend.sweep(); last > 0; last = await bench.backend.sweep()) removed += last;
        assert.ok(removed >= 300 || bench.backend.capabilities.reach === "network", `${removed} were removed`);
        assert.notEqual((await bench.results.get([bench.id("stays")]))[0], undefined);
      },
    },
    {
      name: "a join is kept for its time after the last arrival",
      needs: ["joins"],
      passesTime: true,
      run: async (bench) => {
        const joinId = bench.id("join");
        await bench.joins.open({ joinId, size: 3, expiresInMs: 1000 });
        await bench.advance(700);
        await bench.joins.arrive({ joinId, memberId: "a", index: 0, payload: "1" });
        await bench.advance(700);
        assert.equal((await bench.joins.arrive({ joinId, memberId: "b", index: 1, payload: "2" })).known, true);
        await bench.advance(1100);
        assert.equal((await bench.joins.arrive({ joinId, memberId: "c", index: 2, payload: "3" })).known, false);
        assert.deepEqual(await bench.joins.members(joinId), []);
      },
    },
    {
      name: "an expired join may be opened anew and is empty",
      needs: ["joins"],
      passesTime: true,
      run: async (bench) => {
        const joinId = bench.id("join");
        await bench.joins.open({ joinId, size: 2, expiresInMs: 1000 });
        await bench.joins.arrive({ joinId, memberId: "a", index: 0, payload: "1" });
        await bench.advance(1100);
        await bench.joins.open({ joinId, size: 1, expiresInMs: 1000 });
        assert.deepEqual(await bench.joins.members(joinId), []);
        const progress = await bench.joins.arrive({ joinId, memberId: "a", index: 0, payload: "2" });
        assert.deepEqual(progress, { known: true, arrived: 1, size: 1, completes: true });
      },
    },
    {
      name: "sweeps do not touch what is still wanted",
      needs: ["joins", "coordination"],
      passesTime: true,
      run: async (bench) => {
        const [joinId, name, key] = [bench.id("join"), bench.id("lock"), bench.id("key")];
        await bench.joins.open({ joinId, size: 2, expiresInMs: 60_000 });
        await bench.joins.arrive({ joinId, memberId: "a", index: 0, payload: "1" });
        await bench.coordination.acquire({ name, holder: "h", leaseMs: 60_000 });
        await bench.coordination.claimKey({ key, owner: "o", expiresInMs: 60_000 });
        await bench.advance(1000);
        await bench.backend.sweep();
        assert.equal((await bench.joins.members(joinId)).length, 1);
        assert.equal(await bench.coordination.renew(name, "h", 60_000), true);
        assert.equal((await bench.coordination.claimKey({ key, owner: "p", expiresInMs: 1000 })).owner, "o");
      },
    },
  ],
};
