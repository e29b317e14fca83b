import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Delayed } from "./delayed.ts";
import { Fifo } from "./fifo.ts";
import { Flows } from "./flows.ts";
import type { StoredMessage } from "./stored-message.ts";

function stored(seq: number, rest: Partial<StoredMessage> = {}): StoredMessage {
  const properties = { messageId: String(seq), contentType: "text/plain", contentEncoding: "utf-8" };
  const message = { headers: {}, properties, body: new Uint8Array() };
  const marks = { losses: 0, redelivered: false, isSuspect: false, atMs: 0, fence: 0 };
  return { seq, message, priority: 0, key: "", ...marks, ...rest };
}

describe("Fifo", () => {
  it("gives items in order of their numbers, whatever came when and was taken between", () => {
    const steps = fc.array(fc.option(fc.nat(500)), { maxLength: 300 });
    fc.assert(
      fc.property(steps, (sequence) => {
        const fifo = new Fifo<{ readonly seq: number }>();
        let reference: number[] = [];
        for (const seq of sequence) {
          if (seq === null) {
            const expected = reference.shift();
            if (fifo.shift()?.seq !== expected) throw new Error(`${expected} was the first`);
          } else if (!reference.includes(seq)) {
            fifo.insert({ seq });
            reference = [...reference, seq].toSorted((a, b) => a - b);
          }
          expect([fifo.length, fifo.first?.seq]).toEqual([reference.length, reference[0]]);
        }
        fifo.removeWhere(({ seq }) => seq % 2 === 0);
        expect(fifo.toArray().map(({ seq }) => seq)).toEqual(reference.filter((seq) => seq % 2 === 1));
      }),
    );
  });

  it("does not keep what was taken", () => {
    const fifo = new Fifo<{ readonly seq: number }>();
    for (let seq = 0; seq < 100_000; seq += 1) {
      fifo.insert({ seq });
      if (seq >= 10) fifo.shift();
    }
    expect(fifo.toArray().map(({ seq }) => seq)).toEqual(Array.from({ length: 10 }, (_, index) => 99_990 + index));
  });
});

describe("Flows", () => {
  it("serves keys in turns, and each key in order", () => {
    const flows = new Flows();
    for (const [index, key] of "aaaabbc".split("").entries()) flows.add(stored(index, { key }));
    const taken = Array.from({ length: 8 }, () => flows.take());
    expect(taken.map((each) => each && `${each.key}${each.seq}`)).toEqual([
      "a0",
      "b4",
      "c6",
      "a1",
      "b5",
      "a2",
      "a3",
      undefined,
    ]);
  });

  it("loses nothing and forgets empty keys", () => {
    const messages = fc.array(fc.record({ key: fc.constantFrom("", "a", "b", "c"), takes: fc.nat(2) }));
    fc.assert(
      fc.property(messages, (sequence) => {
        const flows = new Flows();
        const taken: (StoredMessage | undefined)[] = [];
        for (const [seq, { key, takes }] of sequence.entries()) {
          flows.add(stored(seq, { key }));
          for (let take = 0; take < takes; take += 1) taken.push(flows.take());
        }
        const all = [...taken.filter((each) => each !== undefined), ...flows.list()];
        expect(all.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual([...sequence.keys()]);
      }),
    );
  });
});

function byTime(a: StoredMessage, b: StoredMessage): number {
  return a.atMs - b.atMs || a.seq - b.seq;
}

describe("Delayed", () => {
  it("gives messages in order of their time, those of one instant in order of acceptance, and none early", () => {
    const times = fc.array(fc.nat(20), { maxLength: 200 });
    fc.assert(
      fc.property(times, fc.nat(20), (atMs, nowMs) => {
        const delayed = new Delayed();
        for (const [seq, at] of atMs.entries()) delayed.add(stored(seq, { atMs: at }));
        const due: StoredMessage[] = [];
        for (let next = delayed.takeDue(nowMs); next !== undefined; next = delayed.takeDue(nowMs)) due.push(next);
        expect(due).toEqual(due.toSorted(byTime));
        expect(due.length).toBe(atMs.filter((at) => at <= nowMs).length);
        expect(delayed.nextAtMs ?? Infinity).toBe(Math.min(...atMs.filter((at) => at > nowMs)));
        delayed.removeWhere(({ seq }) => seq % 2 === 0);
        expect(delayed.list().every(({ seq }) => seq % 2 === 1)).toBe(true);
      }),
    );
  });
});
