import assert from "node:assert/strict";
import type { PutOutcome, ResultPut, Results } from "@lovage/backend";
import { isStickyState } from "@lovage/backend";
import * as fc from "fast-check";
import type { BackendModel, ModelledStore } from "./model-run.ts";

type Kept = ResultPut & { readonly expiresAtMs: number };

/** What the contract promises, in a few lines: records by id, and by which call of `put` each of the revoked became so, in their order. */
class ResultsReference {
  readonly kept: Map<string, Kept> = new Map<string, Kept>();
  readonly revoked: Map<string, number> = new Map<string, number>();
  calls = 0;
  nowMs = 0;

  there(taskId: string): Kept | undefined {
    const kept = this.kept.get(taskId);
    return kept !== undefined && kept.expiresAtMs > this.nowMs ? kept : undefined;
  }

  put(put: ResultPut): PutOutcome {
    const there = this.there(put.taskId);
    const outcome = there === undefined ? "stored" : compare(there, put);
    if (outcome !== "stored") return outcome;
    if (put.state === "REVOKED" && there?.state !== "REVOKED") {
      this.revoked.delete(put.taskId);
      this.revoked.set(put.taskId, this.calls);
    }
    this.kept.set(put.taskId, { ...put, expiresAtMs: this.nowMs + put.expiresInMs });
    return outcome;
  }
}

function compare(there: Kept, put: ResultPut): PutOutcome {
  const same =
    there.state === put.state && there.document === put.document && String(there.fence) === String(put.fence);
  if (isStickyState(there.state)) return same ? "stored" : "final";
  if (there.fence === null || put.fence === null) return "stored";
  const newer = there.fence[0] - put.fence[0] || there.fence[1] - put.fence[1];
  return newer > 0 ? "stale" : "stored";
}

type Command = fc.AsyncCommand<ResultsReference, ModelledStore>;

class Put implements Command {
  readonly puts: readonly ResultPut[];
  readonly at: 0 | 1;
  constructor(puts: readonly ResultPut[], at: 0 | 1) {
    this.puts = puts;
    this.at = at;
  }
  check(): boolean {
    return true;
  }
  async run(reference: ResultsReference, store: ModelledStore): Promise<void> {
    reference.calls += 1;
    const expected = this.puts.map((put) => reference.put(put));
    const results = resultsOf(store, this.at);
    const address = results.replyTo === undefined ? {} : { replyTo: results.replyTo };
    assert.deepEqual(await results.put(this.puts.map((put) => ({ ...put, ...address }))), expected);
  }
  toString(): string {
    return `put(${JSON.stringify(this.puts)}) at ${this.at}`;
  }
}

class Forget implements Command {
  readonly taskId: string;
  constructor(taskId: string) {
    this.taskId = taskId;
  }
  check(): boolean {
    return true;
  }
  async run(reference: ResultsReference, store: ModelledStore): Promise<void> {
    reference.kept.delete(this.taskId);
    await resultsOf(store, 0).forget([this.taskId]);
  }
  toString(): string {
    return `forget(${this.taskId})`;
  }
}

class Pass implements Command {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check(): boolean {
    return true;
  }
  async run(reference: ResultsReference, store: ModelledStore): Promise<void> {
    reference.nowMs += this.ms;
    await store.advance(this.ms);
  }
  toString(): string {
    return `${this.ms} ms pass`;
  }
}

class Sweep implements Command {
  check(): boolean {
    return true;
  }
  async run(_reference: ResultsReference, store: ModelledStore): Promise<void> {
    const [own, other] = store.backends;
    await (own.capabilities.readers === "caller" ? own : other).sweep();
  }
  toString(): string {
    return "sweep";
  }
}

class Compare implements Command {
  readonly at: 0 | 1;
  constructor(at: 0 | 1) {
    this.at = at;
  }
  check(): boolean {
    return true;
  }
  async run(reference: ResultsReference, store: ModelledStore): Promise<void> {
    const results = resultsOf(store, this.at);
    const expected = taskIds.map((taskId) => {
      const there = reference.there(taskId);
      return there && { taskId, state: there.state, document: there.document, fence: there.fence };
    });
    assert.deepEqual(await results.get(taskIds), expected);
    const revoked = [...reference.revoked.keys()].filter((taskId) => reference.there(taskId)?.state === "REVOKED");
    const { taskIds: found } = await results.revocations();
    assert.deepEqual(found.toSorted(), revoked.toSorted());
    const callsOf = (ids: readonly string[]): unknown => ids.map((taskId) => reference.revoked.get(taskId));
    assert.deepEqual(callsOf(found), callsOf(revoked));
  }
  toString(): string {
    return `compare at ${this.at}`;
  }
}

function resultsOf(store: ModelledStore, at: 0 | 1): Results {
  const [own] = store.backends;
  // What is for one process no other one has.
  const { results } = own.capabilities.readers === "caller" ? own : store.backends[at];
  assert.ok(results);
  return results;
}

const taskIds = ["a", "b", "c"];
const puts: fc.Arbitrary<ResultPut> = fc.record({
  taskId: fc.constantFrom(...taskIds),
  state: fc.constantFrom("STARTED", "PROGRESS", "RETRY", "FAILURE", "SUCCESS", "REVOKED"),
  document: fc.constantFrom("1", "2"),
  fence: fc.option(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 4 })), { nil: null }),
  expiresInMs: fc.constantFrom(1000, 5000, 60_000),
});
const at = fc.constantFrom<0 | 1>(0, 1);

/** Results against a reference: put by two processes, forget, expiry and sweeps. The store must be the model's alone. */
export const resultsModel: BackendModel<ResultsReference> = {
  name: "results are what a small reference says, over random sequences of calls",
  needs: ["results"],
  reference: () => new ResultsReference(),
  commands: [
    fc.tuple(fc.array(puts, { minLength: 1, maxLength: 3 }), at).map(([several, where]) => new Put(several, where)),
    fc.tuple(puts, at).map(([one, where]) => new Put([one], where)),
    fc.constantFrom(...taskIds).map((taskId) => new Forget(taskId)),
    fc.constantFrom(500, 1000, 4500).map((ms) => new Pass(ms)),
    fc.constant(new Sweep()),
    at.map((where) => new Compare(where)),
    at.map((where) => new Compare(where)),
  ],
};
