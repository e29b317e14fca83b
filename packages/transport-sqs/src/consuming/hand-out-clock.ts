/** One poll, by our monotonic clock. */
export interface PollTimes {
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

/** How fast two clocks may drift apart: what was learnt of the other one is believed a little less with time. */
const drift = 0.000_2;

/**
 * Tells when SQS handed a message out, by our clock, from the mark that it wrote on it by its own. The answer that took least tells how far the clocks are apart: others
 * are older by what they took longer, in which the lease has been running already.
 */
export class HandOutClock {
  #aheadMs = -Infinity;
  #learntAtMs = 0;

  /** @param markedAtMs By the clock of SQS, in Unix ms */
  handedOutAtMs(markedAtMs: number, { askedAtMs, answeredAtMs }: PollTimes): number {
    const believedMs = this.#aheadMs - (answeredAtMs - this.#learntAtMs) * drift;
    this.#aheadMs = Math.max(believedMs, markedAtMs - answeredAtMs);
    this.#learntAtMs = answeredAtMs;
    // Not before anybody asked for it, whatever the other clock says.
    return Math.max(askedAtMs, markedAtMs - this.#aheadMs);
  }
}
