import assert from "node:assert/strict";
import type { StoredSchedule } from "@lovage/backend";
import type { BackendConcern } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const needs = ["schedules"] as const;
const expiresInMs = 3_600_000;

/** Stored schedules and their runs. */
export const scheduleCases: BackendConcern = {
  concern: "schedules",
  cases: [
    {
      name: "a schedule is added, changed and listed; its version grows from 1",
      needs,
      run: async (bench) => {
        const scheduleId = bench.id("s");
        const added = await bench.schedules.upsert({ scheduleId, document: '"ä"' });
        assert.deepEqual(added, { scheduleId, document: '"ä"', version: 1, runs: 0 });
        const changed = await bench.schedules.upsert({ scheduleId, document: "2" });
        assert.deepEqual(changed, { scheduleId, document: "2", version: 2, runs: 0 });
        assert.deepEqual(await list(bench), [changed]);
      },
    },
    {
      name: "schedules are listed in the order of their ids",
      needs,
      run: async (bench) => {
        for (const name of ["c", "a", "B", "b"])
          await bench.schedules.upsert({ scheduleId: bench.id(name), document: "1" });
        assert.deepEqual(
          (await list(bench)).map(({ scheduleId }) => scheduleId),
          ["B", "a", "b", "c"].map((name) => bench.id(name)),
        );
      },
    },
    {
      name: "a change for another version changes nothing",
      needs,
      run: async (bench) => {
        const scheduleId = bench.id("s");
        assert.equal(await bench.schedules.upsert({ scheduleId, document: "0", ifVersion: 1 }), undefined);
        assert.deepEqual(await list(bench), []);
        assert.equal((await bench.schedules.upsert({ scheduleId, document: "1", ifVersion: 0 }))?.version, 1);
        assert.equal(await bench.schedules.upsert({ scheduleId, document: "2", ifVersion: 0 }), undefined);
        assert.equal((await bench.schedules.upsert({ scheduleId, document: "3", ifVersion: 1 }))?.version, 2);
        assert.equal((await list(bench))[0]?.document, "3");
      },
    },
    {
      name: "a removed schedule is gone; removing again does nothing",
      needs,
      run: async (bench) => {
        const scheduleId = bench.id("s");
        await bench.schedules.upsert({ scheduleId, document: "1" });
        await bench.schedules.remove(scheduleId);
        await bench.schedules.remove(scheduleId);
        assert.deepEqual(await list(bench), []);
      },
    },
    {
      name: "an instant is recorded once, whether the schedule is stored or known to code only",
      needs,
      run: async (bench) => {
        await bench.schedules.upsert({ scheduleId: bench.id("stored"), document: "1" });
        for (const name of ["stored", "code"]) {
          assert.equal(await record(bench, name, 1000), true);
          assert.equal(await record(bench, name, 1000), false);
          assert.equal(await record(bench, name, 2000), true);
        }
      },
    },
    {
      name: "a stored schedule tells its runs, and a change keeps them",
      needs,
      run: async (bench) => {
        const scheduleId = bench.id("s");
        await bench.schedules.upsert({ scheduleId, document: "1" });
        await record(bench, "s", 2000);
        await record(bench, "s", 1000);
        await record(bench, "s", 1000);
        const [there] = await list(bench);
        assert.equal(there?.runs, 2);
        assert.equal(there?.lastRunAtMs, 2000);
        const changed = await bench.schedules.upsert({ scheduleId, document: "2" });
        assert.deepEqual(changed, { scheduleId, document: "2", version: 2, lastRunAtMs: 2000, runs: 2 });
      },
    },
    {
      name: "a run is remembered though its schedule is removed and added again",
      needs,
      run: async (bench) => {
        await bench.schedules.upsert({ scheduleId: bench.id("s"), document: "1" });
        await record(bench, "s", 1000);
        await bench.schedules.remove(bench.id("s"));
        await bench.schedules.upsert({ scheduleId: bench.id("s"), document: "1" });
        assert.equal(await record(bench, "s", 1000), false);
      },
    },
    {
      name: "a run is remembered for its time, sweeps or not",
      needs,
      passesTime: true,
      run: async (bench) => {
        await bench.schedules.recordRun({ scheduleId: bench.id("s"), instantMs: 1, expiresInMs: 1000 });
        await bench.advance(700);
        await bench.backend.sweep();
        assert.equal(await record(bench, "s", 1), false);
      },
    },
    {
      name: "of many that record one instant at once one is told true",
      needs,
      run: async (bench) => {
        await bench.schedules.upsert({ scheduleId: bench.id("s"), document: "1" });
        const run = { scheduleId: bench.id("s"), instantMs: 5, expiresInMs };
        const answers = await bench.atOnce(60, (backend) => backend.schedules.recordRun(run));
        assert.equal(answers.filter(Boolean).length, 1);
        assert.equal((await list(bench))[0]?.runs, 1);
      },
    },
    {
      name: "of many that change one version at once one does",
      needs,
      run: async (bench) => {
        const scheduleId = bench.id("s");
        const changes = await bench.atOnce(20, (backend, index) =>
          backend.schedules.upsert({ scheduleId, document: String(index), ifVersion: 0 }),
        );
        const made = changes.filter((change) => change !== undefined);
        assert.equal(made.length, 1);
        assert.deepEqual(await list(bench), made);
      },
    },
  ],
};

function record(bench: Bench, name: string, instantMs: number): Promise<boolean> {
  return bench.schedules.recordRun({ scheduleId: bench.id(name), instantMs, expiresInMs });
}

async function list(bench: Bench): Promise<StoredSchedule[]> {
  return (await bench.schedules.list()).filter(({ scheduleId }) => bench.owns(scheduleId));
}
