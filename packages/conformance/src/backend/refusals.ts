import assert from "node:assert/strict";
import type { BucketRequest, HoldRequest } from "@lovage/backend";
import { isLovageError } from "@lovage/foundation";
import type { BackendCase, BackendConcern, BackendPart } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const zero = "a\0b";
const expiresInMs = 60_000;

type Wrong = readonly [what: string, call: (bench: Bench) => Promise<unknown>];

const acquire =
  (changes: Partial<HoldRequest>): Wrong[1] =>
  (bench) =>
    bench.coordination.acquire({ name: bench.id("lock"), holder: "a", leaseMs: expiresInMs, ...changes });

const reserve =
  (changes: Partial<BucketRequest>): Wrong[1] =>
  (bench) =>
    bench.coordination.reserve({ name: bench.id("bucket"), tokens: 1, perMs: 1_000, ...changes });

const ofCoordination: readonly Wrong[] = [
  ["a lock whose name has a zero character", acquire({ name: zero })],
  ["a lock for a holder whose name has one", acquire({ holder: zero })],
  ["a slot that nobody may have", acquire({ limit: 0 })],
  ["a part of a slot", acquire({ limit: 1.5 })],
  ["a lock for no time", acquire({ leaseMs: 0 })],
  ["a lock for ever", acquire({ leaseMs: Infinity })],
  ["a wait that is no number", acquire({ waitMs: Number.NaN })],
  ["a renewal by a holder with a zero character", (bench) => bench.coordination.renew(bench.id("lock"), zero, 1_000)],
  ["a release of a name with one", (bench) => bench.coordination.release(zero, "a")],
  ["a bucket whose name has one", reserve({ name: zero })],
  ["a bucket without tokens", reserve({ tokens: 0 })],
  ["a bucket with fewer tokens than none", reserve({ tokens: -1 })],
  ["tokens for no time", reserve({ perMs: 0 })],
  ["a burst that is no number", reserve({ burst: Number.NaN })],
  ["a turn that gives tokens", reserve({ cost: -1 })],
  ["a key with a zero character", (bench) => bench.coordination.claimKey({ key: zero, owner: "a", expiresInMs })],
  ["an owner with one", (bench) => bench.coordination.claimKey({ key: bench.id("key"), owner: zero, expiresInMs })],
  ["the freeing of a key with one", (bench) => bench.coordination.releaseKey(zero, "a")],
];

const ofJoins: readonly Wrong[] = [
  ["a join whose id has a zero character", (bench) => bench.joins.open({ joinId: zero, size: 1, expiresInMs })],
  ["a join of nobody", (bench) => bench.joins.open({ joinId: bench.id("join"), size: 0, expiresInMs })],
  [
    "a member whose id has a zero character",
    (bench) => bench.joins.arrive({ joinId: bench.id("join"), memberId: zero, index: 0, payload: "1" }),
  ],
  ["a look at a join whose id has one", (bench) => bench.joins.members(zero)],
  ["the end of one", (bench) => bench.joins.close(zero)],
];

const ofSchedules: readonly Wrong[] = [
  ["a schedule whose id has a zero character", (bench) => bench.schedules.upsert({ scheduleId: zero, document: "1" })],
  ["a run of one", (bench) => bench.schedules.recordRun({ scheduleId: zero, instantMs: 1_000, expiresInMs })],
  ["the removal of one", (bench) => bench.schedules.remove(zero)],
];

/** What no store can keep, or nobody can mean, is refused alike by all, before any I/O. */
export const refusalCases: BackendConcern = {
  concern: "refusals",
  cases: [
    {
      name: "a record whose task id has a zero character is refused, and none of those beside it is stored",
      needs: ["results"],
      run: async (bench) => {
        await refused(bench.results.put([bench.put("beside"), bench.put("wrong", { taskId: zero })]));
        assert.deepEqual(await bench.results.get([bench.id("beside")]), [undefined]);
      },
    },
    ...casesOf("coordination", ofCoordination),
    ...casesOf("joins", ofJoins),
    ...casesOf("schedules", ofSchedules),
  ],
};

function casesOf(part: BackendPart, wrongs: readonly Wrong[]): BackendCase[] {
  return wrongs.map(([what, call]) => ({
    name: `${what} is refused`,
    needs: [part],
    run: (bench) => refused(call(bench)),
  }));
}

function refused(call: Promise<unknown>): Promise<void> {
  return assert.rejects(call, (error) => isLovageError(error) && error.code === "OPTION_INVALID");
}
