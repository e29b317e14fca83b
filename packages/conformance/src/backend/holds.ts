import assert from "node:assert/strict";
import type { Backend, Hold, HoldRequest } from "@lovage/backend";
import type { BackendConcern } from "./backend-case.ts";
import type { Bench } from "./bench.ts";

const needs = ["coordination"] as const;
/** For cases in which the lease ends; in all others it is long, so that no slow machine ends it. */
const brief = { leaseMs: 1000 };

/** Locks and concurrency slots. */
export const holdCases: BackendConcern = {
  concern: "holds",
  cases: [
    {
      name: "a lock is held by one, and by the next once it is released",
      needs,
      run: async (bench) => {
        granted(await ask(bench, "a"));
        refused(await ask(bench, "b"));
        await bench.coordination.release(bench.id("lock"), "a");
        granted(await ask(bench, "b"));
      },
    },
    {
      name: "a fence is larger than all granted before under the name",
      needs,
      run: async (bench) => {
        let last = -1;
        for (const holder of ["a", "b", "a", "c"]) {
          const { fence } = granted(await ask(bench, holder));
          assert.ok(Number.isSafeInteger(fence) && fence > last, `${fence} follows ${last}`);
          last = fence;
          await bench.coordination.release(bench.id("lock"), holder);
        }
      },
    },
    {
      name: "asking again while holding renews, under the same fence",
      needs,
      passesTime: true,
      run: async (bench) => {
        const { fence } = granted(await ask(bench, "a", brief));
        await bench.advance(700);
        assert.equal(granted(await ask(bench, "a", brief)).fence, fence);
        await bench.advance(700);
        refused(await ask(bench, "b", brief));
      },
    },
    {
      name: "a hold ends by itself, and the next holder's fence is larger",
      needs,
      passesTime: true,
      run: async (bench) => {
        const first = granted(await ask(bench, "a", brief));
        await bench.advance(1100);
        const second = granted(await ask(bench, "b", brief));
        assert.ok(second.fence > first.fence);
        assert.equal(await bench.coordination.renew(bench.id("lock"), "a", 1000), false);
        await bench.backend.sweep();
        await bench.advance(1100);
        await bench.backend.sweep();
        assert.ok(granted(await ask(bench, "a", brief)).fence > second.fence, "a sweep forgets no fence");
      },
    },
    {
      name: "a renewed hold lasts, and renewing what is not held says so",
      needs,
      passesTime: true,
      run: async (bench) => {
        assert.equal(await bench.coordination.renew(bench.id("lock"), "a", 1000), false);
        granted(await ask(bench, "a", brief));
        await bench.advance(700);
        assert.equal(await bench.coordination.renew(bench.id("lock"), "a", 1000), true);
        await bench.advance(700);
        refused(await ask(bench, "b", brief));
        assert.equal(await bench.coordination.renew(bench.id("lock"), "b", 1000), false);
      },
    },
    {
      name: "releasing twice, or what another holds, changes nothing",
      needs,
      run: async (bench) => {
        granted(await ask(bench, "a"));
        await bench.coordination.release(bench.id("lock"), "b");
        refused(await ask(bench, "b"));
        await bench.coordination.release(bench.id("lock"), "a");
        await bench.coordination.release(bench.id("lock"), "a");
        granted(await ask(bench, "b"));
      },
    },
    {
      name: "a name has as many places as its limit says",
      needs,
      run: async (bench) => {
        for (const holder of ["a", "b", "c"]) granted(await ask(bench, holder, { limit: 3 }));
        refused(await ask(bench, "d", { limit: 3 }));
        await bench.coordination.release(bench.id("lock"), "b");
        granted(await ask(bench, "d", { limit: 3 }));
        refused(await ask(bench, "b", { limit: 3 }));
      },
    },
    {
      name: "who waits is served in order, and who does not wait jumps no queue",
      needs,
      run: async (bench) => {
        granted(await ask(bench, "a"));
        assert.equal(refused(await ask(bench, "b", { waitMs: 5000 })).ahead, 0);
        assert.equal(refused(await ask(bench, "c", { waitMs: 5000 })).ahead, 1);
        assert.equal(refused(await ask(bench, "d")).ahead, 2);
        await bench.coordination.release(bench.id("lock"), "a");
        refused(await ask(bench, "d"));
        refused(await ask(bench, "c", { waitMs: 5000 }));
        granted(await ask(bench, "b", { waitMs: 5000 }));
        await bench.coordination.release(bench.id("lock"), "b");
        refused(await ask(bench, "d"));
        granted(await ask(bench, "c", { waitMs: 5000 }));
      },
    },
    {
      name: "a waiter keeps its turn by asking again and is passed over when it does not",
      needs,
      passesTime: true,
      run: async (bench) => {
        granted(await ask(bench, "a", { leaseMs: 60_000 }));
        refused(await ask(bench, "b", { waitMs: 1000 }));
        refused(await ask(bench, "c", { waitMs: 1000 }));
        await bench.advance(700);
        assert.equal(refused(await ask(bench, "c", { waitMs: 1000 })).ahead, 1);
        await bench.advance(700);
        assert.equal(refused(await ask(bench, "c", { waitMs: 1000 })).ahead, 0);
        await bench.coordination.release(bench.id("lock"), "a");
        refused(await ask(bench, "b", { waitMs: 1000 }));
        granted(await ask(bench, "c", { waitMs: 1000 }));
      },
    },
    {
      name: "a waiter may leave the queue",
      needs,
      run: async (bench) => {
        granted(await ask(bench, "a"));
        refused(await ask(bench, "b", { waitMs: 5000 }));
        refused(await ask(bench, "c", { waitMs: 5000 }));
        await bench.coordination.release(bench.id("lock"), "b");
        await bench.coordination.release(bench.id("lock"), "a");
        granted(await ask(bench, "c", { waitMs: 5000 }));
      },
    },
    {
      name: "the time to ask again is at least one millisecond and no later than the end of the lease",
      needs,
      run: async (bench) => {
        granted(await ask(bench, "a", { leaseMs: 2000 }));
        const { retryInMs } = refused(await ask(bench, "b"));
        assert.ok(retryInMs >= 1 && retryInMs <= 2000, `${retryInMs} ms`);
      },
    },
    {
      name: "names do not mix",
      needs,
      run: async (bench) => {
        granted(await ask(bench, "a"));
        granted(await ask(bench, "b", { name: bench.id("other' OR 1=1;--") }));
      },
    },
    {
      name: "of many that ask at once only as many as there are places are granted, with fences of their own",
      needs,
      run: async (bench) => {
        const holds = await bench.atOnce(30, (backend, index) => ask(bench, `h${index}`, { limit: 4, at: backend }));
        const fences = holds.flatMap((hold) => (hold.granted ? [hold.fence] : []));
        assert.equal(fences.length, 4);
        assert.equal(new Set(fences).size, 4);
      },
    },
  ],
};

function ask(
  bench: Bench,
  holder: string,
  changes: Partial<HoldRequest> & { readonly at?: Backend } = {},
): Promise<Hold> {
  const { at, ...rest } = changes;
  const request = { name: bench.id("lock"), holder, leaseMs: 60_000, ...rest };
  return (at?.coordination ?? bench.coordination).acquire(request);
}

function granted(hold: Hold): Extract<Hold, { granted: true }> {
  assert.ok(hold.granted, `refused: ${JSON.stringify(hold)}`);
  return hold;
}

function refused(hold: Hold): Extract<Hold, { granted: false }> {
  assert.ok(!hold.granted, `granted: ${JSON.stringify(hold)}`);
  return hold;
}
