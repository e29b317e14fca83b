import assert from "node:assert/strict";
import type { BucketRequest, Coordination, Hold, HoldRequest } from "@lovage/backend";
import * as fc from "fast-check";
import type { BackendModel, ModelledStore } from "./model-run.ts";
import { CoordinationReference } from "./coordination-reference.ts";

type Act = (reference: CoordinationReference, coordination: Coordination, toleranceMs: number) => Promise<void>;

/** One call, made to the reference and to the store. */
class Call implements fc.AsyncCommand<CoordinationReference, ModelledStore> {
  readonly #text: string;
  readonly #act: Act;
  readonly #at: 0 | 1;

  constructor(text: string, at: 0 | 1, act: Act) {
    this.#text = text;
    this.#at = at;
    this.#act = act;
  }
  check(): boolean {
    return true;
  }
  async run(reference: CoordinationReference, store: ModelledStore): Promise<void> {
    const { coordination } = store.backends[this.#at];
    assert.ok(coordination);
    await this.#act(reference, coordination, store.toleranceMs);
  }
  toString(): string {
    return `${this.#text} at ${this.#at}`;
  }
}

class Pass implements fc.AsyncCommand<CoordinationReference, ModelledStore> {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check(): boolean {
    return true;
  }
  async run(reference: CoordinationReference, store: ModelledStore): Promise<void> {
    reference.nowMs += this.ms;
    await store.advance(this.ms);
    await store.backends[0].sweep();
  }
  toString(): string {
    return `${this.ms} ms pass, sweep`;
  }
}

function acquire(request: HoldRequest, at: 0 | 1): Call {
  return new Call(`acquire(${JSON.stringify(request)})`, at, async (reference, coordination) => {
    const hold = await coordination.acquire(request);
    const expected = reference.acquire(request);
    assert.equal(hold.granted, expected.granted);
    if (hold.granted) checkFence(reference, request, hold);
    else assert.equal(hold.ahead, expected.ahead);
  });
}

function checkFence(
  reference: CoordinationReference,
  { name, holder }: HoldRequest,
  { fence }: Extract<Hold, { granted: true }>,
): void {
  const held = reference.fences.get(`${name} ${holder}`);
  if (held !== undefined) assert.equal(fence, held, "a renewal keeps its fence");
  else assert.ok(fence > (reference.lastFence.get(name) ?? -1), "a grant has a larger fence");
  reference.granted(name, holder, fence);
}

function renew(name: string, holder: string, at: 0 | 1): Call {
  return new Call(`renew(${name}, ${holder})`, at, async (reference, coordination) => {
    assert.equal(await coordination.renew(name, holder, 3000), reference.renew(name, holder, 3000));
  });
}

function release(name: string, holder: string, at: 0 | 1): Call {
  return new Call(`release(${name}, ${holder})`, at, async (reference, coordination) => {
    await coordination.release(name, holder);
    reference.release(name, holder);
  });
}

function reserve(request: BucketRequest, at: 0 | 1): Call {
  return new Call(`reserve(${JSON.stringify(request)})`, at, async (reference, coordination, toleranceMs) => {
    const { inMs } = await coordination.reserve(request);
    const expected = reference.reserve(request);
    assert.ok(Math.abs(inMs - expected) <= toleranceMs, `in ${inMs} ms; expected ${expected}`);
  });
}

function claimKey(owner: string, at: 0 | 1): Call {
  return new Call(`claimKey(${owner})`, at, async (reference, coordination) => {
    const answer = await coordination.claimKey({ key: "k", owner, expiresInMs: 3000 });
    assert.equal(answer.owner, reference.claimKey(owner, 3000));
  });
}

function releaseKey(owner: string, at: 0 | 1): Call {
  return new Call(`releaseKey(${owner})`, at, async (reference, coordination) => {
    await coordination.releaseKey("k", owner);
    reference.releaseKey(owner);
  });
}

const at = fc.constantFrom<0 | 1>(0, 1);
const names = fc.constantFrom("one", "two");
const holders = fc.constantFrom("a", "b", "c", "d");
const limits = { one: 1, two: 2 } as const;

/** Locks, slots with waiters, buckets and keys against a reference. The store must be the model's alone. */
export const coordinationModel: BackendModel<CoordinationReference> = {
  name: "coordination is what a small reference says, over random sequences of calls",
  needs: ["coordination"],
  reference: () => new CoordinationReference(),
  commands: [
    fc
      .tuple(fc.constantFrom<"one" | "two">("one", "two"), holders, fc.constantFrom(0, 1000, 10_000), at)
      .map(([name, holder, waitMs, where]) =>
        acquire({ name, holder, limit: limits[name], leaseMs: 3000, waitMs }, where),
      ),
    fc.tuple(names, holders, at).map(([name, holder, where]) => renew(name, holder, where)),
    fc.tuple(names, holders, at).map(([name, holder, where]) => release(name, holder, where)),
    fc
      .tuple(fc.constantFrom(1, 2, 5), fc.constantFrom(1, 3), at)
      .map(([cost, burst, where]) => reserve({ name: "b", tokens: 4, perMs: 4000, burst, cost }, where)),
    fc.tuple(holders, at).map(([owner, where]) => claimKey(owner, where)),
    fc.tuple(holders, at).map(([owner, where]) => releaseKey(owner, where)),
    fc.constantFrom(500, 1000, 3000, 20_000).map((ms) => new Pass(ms)),
  ],
};
