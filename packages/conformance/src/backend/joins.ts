import assert from "node:assert/strict";
import type { JoinArrival } from "@lovage/backend";
import type { BackendConcern } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const needs = ["joins"] as const;
const expiresInMs = 3_600_000;

/** Fan-in: each member counts once, one of them completes. */
export const joinCases: BackendConcern = {
  concern: "joins",
  cases: [
    {
      name: "members arrive one by one and the last completes",
      needs,
      run: async (bench) => {
        await open(bench, 2);
        const first = await bench.joins.arrive(arrival(bench, 0));
        assert.deepEqual(first, { known: true, arrived: 1, size: 2, completes: false });
        const second = await bench.joins.arrive(arrival(bench, 1));
        assert.deepEqual(second, { known: true, arrived: 2, size: 2, completes: true });
      },
    },
    {
      name: "a member that arrives again changes nothing",
      needs,
      run: async (bench) => {
        await open(bench, 3);
        await bench.joins.arrive(arrival(bench, 1));
        const again = await bench.joins.arrive({ ...arrival(bench, 1), index: 2, payload: '"other"' });
        assert.deepEqual(again, { known: true, arrived: 1, size: 3, completes: false });
        assert.deepEqual(await bench.joins.members(bench.id("join")), [{ memberId: "m1", index: 1, payload: "1" }]);
      },
    },
    {
      name: "the member that completes is told so at every repetition, the others never",
      needs,
      run: async (bench) => {
        await open(bench, 2);
        await bench.joins.arrive(arrival(bench, 0));
        await bench.joins.arrive(arrival(bench, 1));
        for (let repetition = 0; repetition < 3; repetition += 1) {
          assert.equal((await bench.joins.arrive(arrival(bench, 1))).completes, true);
          assert.equal((await bench.joins.arrive(arrival(bench, 0))).completes, false);
        }
        const other = await bench.open();
        assert.equal((await other.joins.arrive(arrival(bench, 1))).completes, true);
      },
    },
    {
      name: "members are listed by place, then by id",
      needs,
      run: async (bench) => {
        await open(bench, 12);
        const joinId = bench.id("join");
        for (const index of [10, 2, 0]) await bench.joins.arrive(arrival(bench, index));
        await bench.joins.arrive({ joinId, memberId: "b", index: 2, payload: "1" });
        const members = await bench.joins.members(joinId);
        assert.deepEqual(
          members.map(({ memberId }) => memberId),
          ["m0", "b", "m2", "m10"],
        );
      },
    },
    {
      name: "opening again keeps size and members",
      needs,
      run: async (bench) => {
        await open(bench, 2);
        await bench.joins.arrive(arrival(bench, 0));
        await open(bench, 5);
        assert.deepEqual(await bench.joins.arrive(arrival(bench, 1)), {
          known: true,
          arrived: 2,
          size: 2,
          completes: true,
        });
      },
    },
    {
      name: "an unknown join records nothing",
      needs,
      run: async (bench) => {
        assert.equal((await bench.joins.arrive(arrival(bench, 0))).known, false);
        await open(bench, 2);
        assert.deepEqual(await bench.joins.members(bench.id("join")), []);
      },
    },
    {
      name: "a closed join is unknown; closing again does nothing",
      needs,
      run: async (bench) => {
        await open(bench, 1);
        await bench.joins.arrive(arrival(bench, 0));
        await bench.joins.close(bench.id("join"));
        await bench.joins.close(bench.id("join"));
        const late = await bench.joins.arrive(arrival(bench, 0));
        assert.equal(late.known, false);
        assert.equal(late.completes, false);
        assert.deepEqual(await bench.joins.members(bench.id("join")), []);
      },
    },
    {
      name: "joins do not mix",
      needs,
      run: async (bench) => {
        const [one, two] = [bench.id("one"), bench.id("two")];
        await bench.joins.open({ joinId: one, size: 1, expiresInMs });
        await bench.joins.open({ joinId: two, size: 2, expiresInMs });
        await bench.joins.arrive({ joinId: two, memberId: "m", index: 0, payload: '"two"' });
        const progress = await bench.joins.arrive({ joinId: one, memberId: "m", index: 0, payload: '"one"' });
        assert.equal(progress.completes, true);
        assert.deepEqual(await bench.joins.members(two), [{ memberId: "m", index: 0, payload: '"two"' }]);
      },
    },
    {
      name: "of many that arrive at once, each twice, one completes and all are there",
      needs,
      run: async (bench) => {
        const size = 40;
        await open(bench, size);
        const found = await bench.atOnce(size * 2, async (backend, index) => {
          const each = arrival(bench, index % size);
          return { each, progress: await backend.joins.arrive(each) };
        });
        const completing = new Set(found.filter(({ progress }) => progress.completes).map(({ each }) => each.memberId));
        assert.equal(completing.size, 1);
        assert.equal((await bench.joins.members(bench.id("join"))).length, size);
      },
    },
  ],
};

async function open(bench: Bench, size: number): Promise<void> {
  await bench.joins.open({ joinId: bench.id("join"), size, expiresInMs });
}

function arrival(bench: Bench, index: number): JoinArrival {
  return { joinId: bench.id("join"), memberId: `m${index}`, index, payload: String(index) };
}
