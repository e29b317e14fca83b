import { describe, expect, it } from "vitest";

import { HandOutClock } from "./hand-out-clock.ts";

/** What the clock of SQS is ahead of ours. */
const aheadMs = 1_700_000_000_000;

describe("HandOutClock", () => {
  it("takes the first answer for one that took no time", () => {
    const clock = new HandOutClock();
    expect(clock.handedOutAtMs(aheadMs + 100, { askedAtMs: 0, answeredAtMs: 150 })).toBe(150);
  });

  it("knows an answer that was held up by one that was not", () => {
    const clock = new HandOutClock();
    clock.handedOutAtMs(aheadMs + 1_000, { askedAtMs: 990, answeredAtMs: 1_000 });
    const handedOutAtMs = clock.handedOutAtMs(aheadMs + 2_000, { askedAtMs: 1_500, answeredAtMs: 5_000 });
    expect(handedOutAtMs).toBeCloseTo(2_000, -1);
  });

  it("believes no message to have come before it was asked for, nor after it was there", () => {
    const clock = new HandOutClock();
    clock.handedOutAtMs(aheadMs + 1_000, { askedAtMs: 990, answeredAtMs: 1_000 });
    // The clock of SQS was set back by an hour, and then on.
    expect(clock.handedOutAtMs(aheadMs - 3_600_000, { askedAtMs: 1_990, answeredAtMs: 2_000 })).toBe(1_990);
    expect(clock.handedOutAtMs(aheadMs + 3_600_000, { askedAtMs: 2_990, answeredAtMs: 3_000 })).toBe(3_000);
  });

  it("goes along with a clock that drifts", () => {
    const clock = new HandOutClock();
    for (let atMs = 0; atMs < 86_400_000; atMs += 60_000) {
      const markedAtMs = aheadMs + atMs * 0.999_9;
      expect(clock.handedOutAtMs(markedAtMs, { askedAtMs: atMs - 20_000, answeredAtMs: atMs })).toBe(atMs);
    }
  });
});
