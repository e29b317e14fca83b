import { describe, expect, it } from "vitest";

import { readArrival, type Arrival } from "../message/arrival.ts";
import { FifoReceives } from "./fifo-receives.ts";

const leaseMs = 30_000;

/** Messages of a FIFO queue, as SQS hands them out to several workers; times are of one clock. */
function workers(count: number) {
  const all = Array.from({ length: count }, () => new FifoReceives());
  let receives = 0;
  const receive = (worker: number, nowMs: number): Arrival => {
    receives += 1;
    const Attributes = { ApproximateReceiveCount: String(receives), MessageGroupId: "x" };
    const arrival = readArrival("q.fifo", { MessageId: "m", Attributes }, nowMs);
    all[worker % count]?.note(arrival, { nowMs, sinceFirstMs: nowMs, leaseMs });
    return arrival;
  };
  const release = (worker: number, arrival: Arrival, shownAtMs: number): void =>
    all[worker % count]?.released(arrival, shownAtMs);
  return { all, receive, release };
}

describe("a message of a FIFO queue", () => {
  it("that ends its worker each time counts as lost in the end", () => {
    const { receive } = workers(1);
    const losses = Array.from({ length: 60 }, (_, run) => receive(0, run * leaseMs * 1.1).losses);
    expect(losses.slice(0, 51)).toEqual(Array.from({ length: 51 }, () => 0));
    expect(losses.slice(51, 53)).toEqual([51, 52]);
  });

  it("that a process releases is not charged with that, however often and for how long", () => {
    const { receive, release } = workers(1);
    for (const [round, delayMs] of Array.from({ length: 400 }, (_, index) => [index, 60_000] as const)) {
      const arrival = receive(0, round * delayMs);
      expect(arrival.uncertainLosses).toBe(0);
      release(0, arrival, (round + 1) * delayMs);
    }
  });

  it("that several release is charged with no more than the leases that fit into the time", () => {
    const { receive, release } = workers(3);
    for (let round = 0; round < 400; round += 1) {
      const arrival = receive(round * 7, round * 1_000);
      expect(arrival.uncertainLosses).toBeLessThanOrEqual(14);
      expect(arrival.losses).toBe(0);
      release(round * 7, arrival, round * 1_000);
    }
  });

  it("that was lost between two releases is charged with that", () => {
    const { receive, release } = workers(1);
    release(0, receive(0, 0), 0);
    receive(0, 1_000);
    expect(receive(0, 1_000 + leaseMs).uncertainLosses).toBe(1);
  });

  it("that waits behind another of its group is not charged with what that one did", () => {
    const { all, receive, release } = workers(1);
    for (let run = 0; run < 99; run += 1) receive(1, run * leaseMs * 1.1);
    const behind = receive(0, 99 * leaseMs * 1.1);
    expect(behind.losses).toBeGreaterThan(50);
    all[0]?.clear(behind);
    expect(behind.losses).toBe(0);
    release(0, behind, 100 * leaseMs * 1.1);
    expect(receive(0, 100 * leaseMs * 1.1).losses).toBe(0);
  });
});
