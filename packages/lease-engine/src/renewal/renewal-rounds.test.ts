import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import { LeaseSlots } from "./lease-slots.ts";
import { RenewalRounds } from "./renewal-rounds.ts";
import type { Lease, Unrenewed } from "../store.ts";

interface RoundsBench {
  readonly slots: LeaseSlots;
  readonly rounds: RenewalRounds;
  readonly calls: { readonly queue: string; readonly leases: readonly Lease[] }[];
  readonly lost: number[];
  setNow(ms: number): void;
}

type Extend = (leases: readonly Lease[], queue: string) => Unrenewed | null | Promise<null>;

function roundsBench(extend: Extend = () => null): RoundsBench {
  let nowMs = 0;
  const calls: RoundsBench["calls"] = [];
  const lost: number[] = [];
  const slots = new LeaseSlots();
  const rounds = new RenewalRounds(["q", "r"], {
    slots: new LeaseSlots(slots.buffer),
    renewer: {
      extend: async (queue, leases) => {
        calls.push({ queue, leases });
        return extend(leases, queue);
      },
      close: async () => {},
    },
    leaseMs: 30_000,
    renewEveryMs: 10_000,
    maxBatch: 2,
    nowMs: () => nowMs,
    onLost: (gone) => void lost.push(...gone),
  });
  return { slots, rounds, calls, lost, setNow: (ms) => void (nowMs = ms) };
}

describe("RenewalRounds", () => {
  it("renews by queue and in batches what has grown old, and nothing that is young or free", async () => {
    const { slots, rounds, calls, setNow } = roundsBench();
    for (const id of [1, 2, 3]) slots.take(0, { id, fence: id * 10 }, 0);
    slots.take(1, { id: 4, fence: 40 }, 0);
    slots.free(slots.take(1, { id: 5, fence: 50 }, 0));
    slots.take(0, { id: 6, fence: 60 }, 9_000);
    setNow(5_000);
    await rounds.run();
    expect(calls).toEqual([]);
    setNow(10_000);
    await rounds.run();
    expect(calls.map(({ queue, leases }) => [queue, leases.map(({ id }) => id)])).toEqual([
      ["q", [1, 2]],
      ["r", [4]],
      ["q", [3]],
    ]);
    await rounds.run();
    expect(calls.length).toBe(3);
  });

  it("tells which are lost by slot and generation", async () => {
    const { slots, rounds, lost, setNow } = roundsBench((leases) => ({ lost: leases.filter(({ id }) => id === 2) }));
    const all = [1, 2].map((id) => slots.take(0, { id, fence: id }, 0));
    setNow(10_000);
    await rounds.run();
    expect(lost).toEqual([all[1], slots.generationOf(all[1] ?? -1)]);
    expect(all.map((slot) => slots.confirmedAtMs(slot))).toEqual([10_000, 0]);
  });

  it("neither confirms nor gives up what the renewer left alone, and asks for it again", async () => {
    const { slots, rounds, calls, lost, setNow } = roundsBench((leases) => ({
      lost: [],
      left: leases.filter(({ id }) => id === 2),
    }));
    const all = [1, 2].map((id) => slots.take(0, { id, fence: id }, 0));
    setNow(10_000);
    await rounds.run();
    expect(all.map((slot) => slots.confirmedAtMs(slot))).toEqual([10_000, 0]);
    await rounds.run();
    expect(calls.map(({ leases }) => leases.map(({ id }) => id))).toEqual([[1, 2], [2]]);
    expect(lost).toEqual([]);
  });

  it("renews one queue when another cannot be renewed, and tells that", async () => {
    const { slots, rounds, setNow } = roundsBench((_leases, queue) => {
      if (queue === "q") throw new Error("its node is away");
      return null;
    });
    const [stuck, well] = [slots.take(0, { id: 1, fence: 1 }, 0), slots.take(1, { id: 2, fence: 2 }, 0)];
    setNow(10_000);
    await expect(rounds.run()).rejects.toThrow("its node is away");
    expect([stuck, well].map((slot) => slots.confirmedAtMs(slot))).toEqual([0, 10_000]);
  });

  it("lets no queue wait for the answer about another", async () => {
    const { promise, resolve } = Promise.withResolvers<null>();
    const { slots, rounds, setNow } = roundsBench((_leases, queue) => (queue === "q" ? promise : null));
    slots.take(0, { id: 1, fence: 1 }, 0);
    const well = slots.take(1, { id: 2, fence: 2 }, 0);
    setNow(10_000);
    const round = rounds.run();
    await vi.waitFor(() => expect(slots.confirmedAtMs(well)).toBe(10_000), { timeout: 20_000 });
    resolve(null);
    await round;
  });

  it("looks at the others again while one queue has no answer yet, and asks for that one once at a time", async () => {
    const { promise, resolve } = Promise.withResolvers<null>();
    const { slots, rounds, calls, setNow } = roundsBench((_leases, queue) => (queue === "q" ? promise : null));
    const stuck = slots.take(0, { id: 1, fence: 1 }, 0);
    const well = slots.take(1, { id: 2, fence: 2 }, 0);
    setNow(10_000);
    const first = rounds.run();
    await vi.waitFor(() => expect(slots.confirmedAtMs(well)).toBe(10_000), { timeout: 20_000 });
    setNow(20_000);
    await rounds.run();
    expect(slots.confirmedAtMs(well)).toBe(20_000);
    expect(calls.map(({ queue }) => queue)).toEqual(["q", "r", "r"]);
    resolve(null);
    await first;
    expect(slots.confirmedAtMs(stuck)).toBe(10_000);
    await rounds.run();
    expect(slots.confirmedAtMs(stuck)).toBe(20_000);
  });

  it("stops when the event loop gave no sign of life for ten minutes, and goes on with the next one", async () => {
    const { slots, rounds, calls, setNow } = roundsBench();
    slots.take(0, { id: 1, fence: 1 }, 0);
    await rounds.run();
    for (let ms = 10_000; ms < 600_000; ms += 10_000) {
      setNow(ms);
      await rounds.run();
    }
    const covered = calls.length;
    expect(covered).toBe(59);
    setNow(620_000);
    await rounds.run();
    expect(calls.length).toBe(covered);
    slots.beat();
    await rounds.run();
    expect(calls.length).toBe(covered + 1);
  });
});

describe("LeaseSlots", () => {
  it("holds what it was given, through any sequence of taking and freeing", () => {
    const steps = fc.array(fc.oneof(fc.record({ id: fc.maxSafeNat(), fence: fc.maxSafeNat() }), fc.nat()), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (sequence) => {
        const slots = new LeaseSlots();
        const taken = new Map<number, { readonly id: number; readonly fence: number }>();
        for (const step of sequence) {
          if (typeof step !== "number") taken.set(slots.take(1, step, 5), step);
          else {
            const slot = [...taken.keys()][step % Math.max(1, taken.size)];
            if (slot === undefined) continue;
            slots.free(slot);
            taken.delete(slot);
          }
        }
        const read = new LeaseSlots(slots.buffer).read();
        expect(new Map(read.map(({ slot, id, fence }) => [slot, { id, fence }]))).toEqual(taken);
      }),
    );
  });

  it("grows, and the other side sees it", () => {
    const slots = new LeaseSlots();
    const other = new LeaseSlots(slots.buffer);
    for (let id = 0; id < 5_000; id += 1) slots.take(0, { id, fence: id }, 0);
    expect(other.read().length).toBe(5_000);
  });

  it("does not confirm a lease whose slot has another use by now", () => {
    const slots = new LeaseSlots();
    const slot = slots.take(0, { id: 1, fence: 1 }, 0);
    const [before] = slots.read();
    slots.free(slot);
    expect(slots.take(0, { id: 2, fence: 2 }, 7)).toBe(slot);
    if (before !== undefined) slots.confirm(before, 99);
    expect(slots.confirmedAtMs(slot)).toBe(7);
  });
});
