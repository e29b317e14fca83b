import assert from "node:assert/strict";
import type { Backend, Coordination, Joins, Results, Schedules } from "@lovage/backend";
import { hasCode } from "@lovage/foundation";
import type { BackendConcern, BackendPart } from "./backend-case.ts";
import { callerOnly } from "./backend-case.ts";
import type { Bench, FullBackend } from "./bench.ts";

/** Letting go of the store. */
export const closeCases: BackendConcern = {
  concern: "close",
  cases: [
    {
      name: "closing again, and several times at once, does nothing more",
      needs: [],
      run: async (bench) => {
        const backend = await bench.open();
        await Promise.all([backend.close(), backend.close(), backend.close()]);
        await backend.close();
      },
    },
    {
      name: "every method of a closed backend rejects with CLOSED",
      needs: [],
      run: async (bench) => {
        const backend = await bench.open();
        await backend.close();
        for (const [name, call] of calls(bench, backend)) {
          await assert.rejects(call, (error) => hasCode(error, "CLOSED"), `${name} did not reject with CLOSED`);
        }
      },
    },
    {
      name: "closing one backend leaves others of the same store alone",
      needs: ["results"],
      run: async (bench) => {
        const other = await bench.open();
        await bench.results.put([bench.put("a")]);
        await other.close();
        assert.notEqual((await bench.results.get([bench.id("a")]))[0], undefined);
      },
    },
    {
      name: "calls under way when it closes end, with their answer or with CLOSED",
      needs: ["results"],
      excludedBy: callerOnly,
      run: async (bench) => {
        const backend = await bench.open();
        const puts = Array.from({ length: 20 }, (_, index) => backend.results.put([bench.put(`n${index}`)]));
        const closing = backend.close();
        const ends = await Promise.allSettled(puts);
        await closing;
        for (const [index, end] of ends.entries()) {
          if (end.status === "rejected") assert.ok(hasCode(end.reason, "CLOSED"), String(end.reason));
          else assert.notEqual((await bench.results.get([bench.id(`n${index}`)]))[0], undefined);
        }
      },
    },
    {
      name: "watches may be closed after their backend",
      needs: ["results"],
      run: async (bench) => {
        const backend = await bench.open();
        const watch = await backend.results.watch([bench.id("a")], () => {});
        await backend.close();
        watch.close();
      },
    },
  ],
};

type Call = readonly [method: string, call: () => Promise<unknown>];

/** One call of each method of each part that the backend has. */
function calls(bench: Bench, backend: FullBackend): readonly Call[] {
  const parts: Record<BackendPart, () => Call[]> = {
    results: () => callsOfResults(bench, backend.results),
    joins: () => callsOfJoins(bench.id("x"), backend.joins),
    coordination: () => callsOfCoordination(bench.id("x"), backend.coordination),
    schedules: () => callsOfSchedules(bench.id("x"), backend.schedules),
  };
  const names = Object.keys(parts) as BackendPart[];
  const present = names.filter((part) => (backend as Backend)[part] !== undefined);
  return [["sweep", () => backend.sweep()], ...present.flatMap((part) => parts[part]())];
}

function callsOfResults(bench: Bench, results: Results): Call[] {
  return [
    ["put", () => results.put([bench.put("x")])],
    ["get", () => results.get([bench.id("x")])],
    ["watch", () => results.watch([bench.id("x")], () => {})],
    ["forget", () => results.forget([bench.id("x")])],
    ["revocations", () => results.revocations()],
  ];
}

function callsOfJoins(joinId: string, joins: Joins): Call[] {
  return [
    ["open", () => joins.open({ joinId, size: 1, expiresInMs: 1 })],
    ["arrive", () => joins.arrive({ joinId, memberId: "m", index: 0, payload: "" })],
    ["members", () => joins.members(joinId)],
    ["close of a join", () => joins.close(joinId)],
  ];
}

function callsOfCoordination(name: string, coordination: Coordination): Call[] {
  const holder = "h";
  return [
    ["acquire", () => coordination.acquire({ name, holder, leaseMs: 1 })],
    ["renew", () => coordination.renew(name, holder, 1)],
    ["release", () => coordination.release(name, holder)],
    ["reserve", () => coordination.reserve({ name, tokens: 1, perMs: 1 })],
    ["claimKey", () => coordination.claimKey({ key: name, owner: holder, expiresInMs: 1 })],
    ["releaseKey", () => coordination.releaseKey(name, holder)],
  ];
}

function callsOfSchedules(scheduleId: string, schedules: Schedules): Call[] {
  return [
    ["list", () => schedules.list()],
    ["upsert", () => schedules.upsert({ scheduleId, document: "1" })],
    ["remove", () => schedules.remove(scheduleId)],
    ["recordRun", () => schedules.recordRun({ scheduleId, instantMs: 1, expiresInMs: 1 })],
  ];
}
