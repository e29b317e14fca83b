import type { Arrival } from "../message/arrival.ts";

/** What of a message's receives is accounted for. */
interface Account {
  /** So many of them. */
  readonly receives: number;
  /** Of those: how many may have been losses. */
  readonly losses: number;
  /** From when on others could receive it, by our monotonic clock. */
  readonly shownAtMs: number;
}

/** What tells how long a message was to be had by others. */
export interface Span {
  /** By the monotonic clock. */
  readonly nowMs: number;
  /** Since SQS handed it out first, in ms. */
  readonly sinceFirstMs: number;
  readonly leaseMs: number;
}

/**
 * A FIFO queue keeps its order only if nothing is put back as a copy, so nothing is written on a message there, and SQS counts a release like a loss. One that
 * may have been lost more often than this has something wrong with it, and counts as lost that often. Messages live for 14 days, in which one that
 * is hidden for 12 hours at a time is received 28 times.
 */
const mostUncertain = 50;
/** Messages that are remembered: as many as may be in work at once in a FIFO queue, and some megabytes at most. */
const mostKnown = 20_000;

/**
 * How often messages of FIFO queues may have been lost. What this process released, or what waited here behind another of its group and cannot have run, is accounted for; of the
 * rest each loss takes a lease, so that there are no more of them than leases in the time that has passed.
 */
export class FifoReceives {
  /** By the ids of SQS, the oldest first. */
  readonly #known = new Map<string, Account>();

  /** It was handed out to us. */
  note(arrival: Arrival, { nowMs, sinceFirstMs, leaseMs }: Span): void {
    const known = this.#known.get(arrival.sqsId);
    const others = arrival.receives - 1 - (known?.receives ?? 0);
    const spanMs = known === undefined ? sinceFirstMs : nowMs - known.shownAtMs;
    const longest = Math.floor(Math.max(0, spanMs) / leaseMs);
    arrival.uncertainLosses = (known?.losses ?? 0) + Math.max(0, Math.min(others, longest));
    arrival.losses = arrival.uncertainLosses > mostUncertain ? arrival.uncertainLosses : 0;
  }

  /** It waits behind another of its group, as it did whenever it was received: none of that was a loss of its own. */
  clear(arrival: Arrival): void {
    arrival.uncertainLosses = 0;
    arrival.losses = 0;
  }

  /** It went back, to be seen from that instant on. */
  released({ sqsId, receives, uncertainLosses }: Arrival, shownAtMs: number): void {
    this.#known.delete(sqsId);
    this.#known.set(sqsId, { receives, losses: uncertainLosses, shownAtMs });
    if (this.#known.size <= mostKnown) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /** It was deleted. */
  forget(sqsId: string): void {
    this.#known.delete(sqsId);
  }
}
