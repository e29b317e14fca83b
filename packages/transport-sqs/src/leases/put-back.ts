import { isDeadLetterQueue } from "@lovage/transport";

import type { Arrival } from "../message/arrival.ts";
import type { BatchFailure } from "../calls/batches.ts";
import { changeVisibility, type VisibilityChange } from "../calls/change-visibility.ts";
import { deleteAll } from "../calls/delete.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import { delayedOutgoing, sendAll, type Outgoing } from "../calls/send.ts";
import type { SqsContext } from "../sqs-context.ts";

/** A message that goes back where it came from. */
export interface Return {
  readonly arrival: Arrival;
  /** In ms. */
  readonly delayMs: number;
  /** Somebody has seen it, so that it counts as redelivered from now on. */
  readonly wasDelivered: boolean;
}

/** Twelve hours, the longest that SQS hides a message. */
export const maxVisibilitySeconds = 43_200;
/** For clocks, and for the way to SQS. */
const marginSeconds = 60;

/** For how long a message that is put back in its old place is hidden: SQS counts its twelve hours from when it handed the message out. What should stay hidden for longer comes early. */
export function hiddenSeconds({ arrival, delayMs }: Pick<Return, "arrival" | "delayMs">, nowMs: number): number {
  const heldSeconds = Math.ceil((nowMs - arrival.arrivedAtMs) / 1_000);
  return Math.max(0, Math.min(maxVisibilitySeconds - marginSeconds - heldSeconds, Math.ceil(delayMs / 1_000)));
}

/**
 * Gives messages back, uncounted: in a standard queue as copies that carry their count, since SQS would count the receive; in a FIFO queue and among
 * dead letters in their old place, where nothing is counted.
 * @returns which could not be given back, by their place
 */
export async function putBack(
  context: SqsContext,
  queue: KnownQueue,
  returns: readonly Return[],
  { inOrder = false }: { readonly inOrder?: boolean } = {},
): Promise<readonly BatchFailure[]> {
  if (queue.isFifo || isDeadLetterQueue(queue.queue)) return await show(context, queue, returns);
  const copies = returns.map((each) => copyOf(each));
  const unsent = await sendAll(context.api, queue, copies, { inOrder });
  const failed = new Set(unsent.map(({ index }) => index));
  const sent = [...returns.keys()].filter((index) => !failed.has(index));
  const handles = sent.map((index) => returns[index]?.arrival.handle ?? "");
  // Its copy is there: should the original stay, it comes once more, as SQS itself may do at any time.
  const kept = await deleteAll(context.api, queue, handles);
  if (kept.length > 0) context.log.warn(`${kept.length} messages of queue "${queue.queue}" may come twice.`, {});
  return unsent;
}

/** The copy that takes an arrival's place. */
export function copyOf({ arrival, delayMs, wasDelivered }: Return): Outgoing {
  const { body, stamp, losses, redelivered, fence } = arrival;
  const next = {
    losses,
    fence,
    redelivered: redelivered || wasDelivered,
    waitMs: 0,
    misses: wasDelivered ? 0 : stamp.misses,
  };
  const copy = { ...next, ...(stamp.next === undefined ? {} : { next: stamp.next }) };
  return delayMs > 0 ? delayedOutgoing(body, copy, delayMs) : { body, stamp: copy };
}

async function show(
  context: SqsContext,
  queue: KnownQueue,
  returns: readonly Return[],
): Promise<readonly BatchFailure[]> {
  const { api, clock } = context;
  const nowMs = clock.monotonic();
  const changes = returns.map((each) => ({ handle: each.arrival.handle, seconds: hiddenSeconds(each, nowMs) }));
  const failures = await changeVisibility(api, queue, changes);
  if (!queue.isFifo) return failures;
  noteReleases(context, { arrivals: returns.map(({ arrival }) => arrival), changes, failures, nowMs });
  return failures;
}

/** What was shown again in a FIFO queue. */
interface Releases {
  readonly arrivals: readonly Arrival[];
  /** Of each of them. */
  readonly changes: readonly VisibilityChange[];
  readonly failures: readonly BatchFailure[];
  /** From when the changes count, by the monotonic clock. */
  readonly nowMs: number;
}

/** Accounts for receives that ended in a release of ours. */
export function noteReleases({ table }: SqsContext, { arrivals, changes, failures, nowMs }: Releases): void {
  const failed = new Set(failures.map(({ index }) => index));
  for (const [index, arrival] of arrivals.entries()) {
    const shownAtMs = nowMs + (changes[index]?.seconds ?? 0) * 1_000;
    if (!failed.has(index)) table.fifoReceives.released(arrival, shownAtMs);
  }
}
