import { describe, expect, it } from "vitest";

import { readArrival, type Arrival } from "../message/arrival.ts";
import { isMissedTooOften, returnOfMissed } from "./missed-body.ts";
import { copyOf } from "../leases/put-back.ts";
import { blankStamp, writeStamp, type Stamp } from "../message/stamp.ts";

const soonest = (): number => 0;

function arrive(queue: string, stamp: Stamp, receives = 1): Arrival {
  const given = { MessageId: "m", ReceiptHandle: "h", Body: "{}", MessageAttributes: writeStamp(stamp) ?? {} };
  return readArrival(queue, { ...given, Attributes: { ApproximateReceiveCount: String(receives) } }, 0);
}

describe("a message whose body cannot be fetched", () => {
  it("is tried again soon, and then less and less often, uncounted", () => {
    let arrival = arrive("q", blankStamp);
    const waits: number[] = [];
    for (let miss = 1; miss <= 12; miss += 1) {
      const back = returnOfMissed("q", arrival, soonest);
      waits.push(back.delayMs);
      arrival = arrive("q", { ...copyOf(back).stamp, waitMs: 0 });
      expect(arrival.losses).toBe(0);
    }
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBe(150_000);
  });

  it("keeps the number of its tries when it goes back for another reason, until it is delivered", () => {
    const missed = arrive("q", { ...blankStamp, misses: 5 });
    expect(copyOf({ arrival: missed, delayMs: 0, wasDelivered: false }).stamp.misses).toBe(5);
    expect(copyOf({ arrival: missed, delayMs: 0, wasDelivered: true }).stamp.misses).toBe(0);
  });

  it("is tried again less and less often among dead letters too, which go back in their place", () => {
    const waits = [1, 2, 3, 20].map((receives) => {
      return returnOfMissed("q.dead", arrive("q.dead", blankStamp, receives), soonest).delayMs;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 150_000]);
  });

  it("is given up in the end, but not within ten hours", () => {
    let waitedMs = 0;
    let arrival = arrive("q", blankStamp);
    while (!isMissedTooOften("q", arrival)) {
      const back = returnOfMissed("q", arrival, soonest);
      waitedMs += back.delayMs;
      arrival = arrive("q", { ...copyOf(back).stamp, waitMs: 0 });
    }
    expect(waitedMs).toBeGreaterThan(10 * 3_600_000);
    expect(waitedMs).toBeLessThan(24 * 3_600_000);
  });

  it("is not given up in a FIFO queue before it was out of reach for an hour", () => {
    let waitedMs = 0;
    let receives = 1;
    while (!isMissedTooOften("q.fifo", arrive("q.fifo", blankStamp, receives))) {
      waitedMs += returnOfMissed("q.fifo", arrive("q.fifo", blankStamp, receives), soonest).delayMs;
      receives += 1;
    }
    expect(waitedMs).toBeGreaterThan(3_600_000);
  });
});
