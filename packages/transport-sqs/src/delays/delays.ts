import type { Log } from "@lovage/foundation";

import type { Arrival } from "../message/arrival.ts";
import { deleteAll } from "../calls/delete.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import { delayedOutgoing, sendAll, type Outgoing } from "../calls/send.ts";
import { blankStamp } from "../message/stamp.ts";
import type { SqsContext } from "../sqs-context.ts";

/** How far the broker's clock is ahead of ours, as its own marks on messages tell. */
export class BrokerClock {
  readonly #nowMs: () => number;
  #aheadMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A message was received for the first time, a moment ago. */
  note({ isFirstReceive, firstReceivedAtMs }: Arrival): void {
    if (isFirstReceive && firstReceivedAtMs > 0) this.#aheadMs = firstReceivedAtMs - this.#nowMs();
  }

  /** When the broker took a message, in Unix ms by our clock. */
  sentAtMs({ sentAtMs }: Arrival): number {
    return sentAtMs - this.#aheadMs;
  }

  /** How long ago the broker handed a message out first, in ms. */
  sinceFirstReceiveMs({ firstReceivedAtMs }: Arrival): number {
    return this.#nowMs() + this.#aheadMs - firstReceivedAtMs;
  }

  /** How long a message still has to wait, in ms; 0 or less for one that is due. */
  leftOf({ stamp, sentAtMs, firstReceivedAtMs, isFirstReceive }: Arrival): number {
    if (stamp.waitMs === 0) return 0;
    // Both by the broker's clock. Only of the first receive it tells the time.
    const nowMs = isFirstReceive ? firstReceivedAtMs : this.#nowMs() + this.#aheadMs;
    return sentAtMs + stamp.waitMs - nowMs;
  }
}

/** Sends messages that were received before their time on their way again, for what is left of it. */
export async function sendOnward(
  context: SqsContext,
  queue: KnownQueue,
  early: readonly { readonly arrival: Arrival; readonly leftMs: number }[],
): Promise<void> {
  const copies = early.map(({ arrival: { body, stamp }, leftMs }) => delayedOutgoing(body, stamp, leftMs));
  await exchange(context, queue, { target: queue, arrivals: early.map(({ arrival }) => arrival), copies });
}

/** Moves delayed messages that are due to their FIFO queues. */
export async function sendHome(context: SqsContext, delays: KnownQueue, due: readonly Arrival[]): Promise<void> {
  for (const [name, arrivals] of Map.groupBy(due, ({ stamp }) => stamp.next?.queue ?? "")) {
    const target = await context.directory.require(name === "" ? fifoOf(delays.queue) : name);
    const copies = arrivals.map(({ body, stamp: { next, losses, fence, redelivered }, sqsId }): Outgoing => {
      const { group, deduplication } = next ?? { group: sqsId, deduplication: sqsId };
      return { body, stamp: { ...blankStamp, losses, fence, redelivered }, address: { group, deduplication } };
    });
    await exchange(context, delays, { target, arrivals, copies });
  }
}

function fifoOf(delayQueue: string): string {
  return delayQueue.replace(/\.delay$/, ".fifo");
}

interface Exchange {
  readonly target: KnownQueue;
  readonly arrivals: readonly Arrival[];
  /** In place of the arrivals, in their order. */
  readonly copies: readonly Outgoing[];
}

/** Sends copies, then deletes what they replace. What fails comes again by itself. */
async function exchange(context: SqsContext, from: KnownQueue, { target, arrivals, copies }: Exchange): Promise<void> {
  const unsent = await sendAll(context.api, target, copies);
  const failed = new Set(unsent.map(({ index }) => index));
  const gone = arrivals.filter((_, index) => !failed.has(index));
  const kept = await deleteAll(
    context.api,
    from,
    gone.map(({ handle }) => handle),
  );
  tellFailures(context.log, from, unsent.length + kept.length);
}

function tellFailures(log: Log, { queue }: KnownQueue, count: number): void {
  if (count > 0)
    log.warn(`${count} delayed messages of queue "${queue}" could not be moved on; they are tried again.`, {});
}
