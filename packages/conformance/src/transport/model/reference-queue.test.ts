import { describe, expect, it } from "vitest";
import { ReferenceQueue, type Observation } from "./reference-queue.ts";

const nowMs = 1_000;

/** A queue of one key, `x`, and two messages in its line. */
function line(order: "key" | "none" = "key"): ReferenceQueue {
  const queue = new ReferenceQueue({ countsLosses: false, order, toleranceMs: 0 });
  for (const id of ["a", "b"]) queue.publish(id, { dueAtMs: 0, key: "x", isDelayed: false });
  return queue;
}

function seen(id: string, consumer = 1, fence = 1): Observation {
  return { id, consumer, atMs: nowMs, count: 1, redelivered: fence > 1, fence };
}

describe("the reference of a broker that keeps the order of each key", () => {
  it("sees a message that comes before the one ahead of it", () => {
    expect(line().deliver(seen("b"))).toContain("a of the same key comes before it");
    expect(line("none").deliver(seen("b"))).toBeUndefined();
  });

  it("sees two of a key with somebody at once, and expects the next once the first has ended", () => {
    const queue = line();
    const [a, b] = [queue.references.get("a")!, queue.references.get("b")!];
    expect(queue.deliver(seen("a"))).toBeUndefined();
    expect(queue.mustWait(b, nowMs)).toBe(true);
    a.state = "gone";
    expect(queue.mustWait(b, nowMs)).toBe(false);
    expect(queue.deliver(seen("b"))).toBeUndefined();
    expect(line().deliver(seen("a"))).toBeUndefined();
    queue.publish("c", { dueAtMs: 0, key: "x", isDelayed: false });
    expect(queue.deliver(seen("c"))).toContain("is held");
  });

  it("lets what is released keep its place, also while its time has not come", () => {
    const queue = line();
    const [a, b] = [queue.references.get("a")!, queue.references.get("b")!];
    queue.deliver(seen("a"));
    queue.release(a, nowMs + 500);
    expect(queue.mustWait(b, nowMs)).toBe(true);
    expect(queue.mustWait(b, nowMs + 500)).toBe(false);
    expect(queue.deliver(seen("b"))).toContain("comes before it");
  });

  it("holds nobody up for what is delayed, which takes its place when it comes", () => {
    const queue = new ReferenceQueue({ countsLosses: false, order: "key", toleranceMs: 0 });
    queue.publish("later", { dueAtMs: nowMs, key: "x", isDelayed: true });
    queue.publish("a", { dueAtMs: 0, key: "x", isDelayed: false });
    expect(queue.mustWait(queue.references.get("a")!, 0)).toBe(false);
    expect(queue.deliver(seen("later"))).toBeUndefined();
    queue.release(queue.references.get("later")!, nowMs + 500);
    expect(queue.deliver(seen("a"))).toContain("later of the same key comes before it");
  });

  it("keeps messages of different keys, and of none, apart", () => {
    const queue = line();
    queue.publish("y", { dueAtMs: 0, key: "y", isDelayed: false });
    for (const id of ["n1", "n2"]) queue.publish(id, { dueAtMs: 0, key: "", isDelayed: false });
    for (const id of ["a", "y", "n2", "n1"]) expect(queue.deliver(seen(id))).toBeUndefined();
  });
});
