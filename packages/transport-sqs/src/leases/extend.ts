import { hasCode, within } from "@lovage/foundation";
import type { Lease, Unrenewed } from "@lovage/lease-engine";

import { changeVisibility, renewalAnswerMs, visibilitySeconds } from "../calls/change-visibility.ts";
import { giveBack } from "./give-back.ts";
import type { Held } from "./lease-table.ts";
import { maxVisibilitySeconds } from "./put-back.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import type { SqsContext } from "../sqs-context.ts";

/** What leases are extended with. */
export interface Extension {
  readonly queue: KnownQueue;
  readonly leases: readonly Lease[];
  readonly leaseMs: number;
  /** How long a message may be ours in all, in ms. */
  readonly ceilingMs: number;
}

/** Before the ceiling: room for a last renewal that fails, and for the task to hear that it is over. */
const ceilingMarginMs = 300_000;
/** For clocks, and for the way to SQS. */
const renewalMarginMs = 60_000;
/** As long as SQS lets anybody hold a message, in ms. */
export const maxHoldMs: number = maxVisibilitySeconds * 1_000;
/** A longer lease could hardly be prolonged before the ceiling: half of what SQS allows. */
export const maxLeaseMs: number = maxHoldMs / 2;

/** How long a message may be ours in all, in ms. SQS refuses a renewal whose end is past its own ceiling, so none may be left to make by then. */
export function ceilingOf(leaseMs: number): number {
  return maxHoldMs - Math.max(ceilingMarginMs, leaseMs + renewalMarginMs);
}

/** Prolongs leases; gives those that were not prolonged, `null` for none. */
export async function extendLeases(
  context: SqsContext,
  { queue, leases, leaseMs, ceilingMs }: Extension,
): Promise<Unrenewed | null> {
  const nowMs = context.clock.monotonic();
  const held: Held[] = [];
  const lost: Lease[] = [];
  const over: Held[] = [];
  for (const lease of leases) {
    const found = context.table.find(lease, nowMs);
    if (found === undefined) lost.push(lease);
    else if (nowMs - found.arrival.arrivedAtMs >= ceilingMs) over.push(found);
    else held.push(found);
  }
  const [prolonged] = await Promise.all([
    prolong(context, { queue, held, leaseMs }),
    // Where SQS takes its time with them, the others must hear in time of what was done for theirs.
    within(context.clock, leaseMs / 6, handOver(context, { queue, over, leaseMs })),
  ]);
  lost.push(...over.map(({ lease }) => lease), ...prolonged.lost);
  const { left, error } = prolonged;
  if (error === undefined) return lost.length === 0 ? null : { lost };
  // What was done for the others must be told; where nothing was, the caller is to hear why.
  if (left.length === leases.length) throw error;
  context.log.debug(
    `${left.length} leases of queue "${queue.queue}" could not be prolonged; they are asked for again.`,
    {
      error: error.message,
    },
  );
  return { lost, left };
}

/** What became of leases that were asked for, but for those that were prolonged. */
interface Prolonged {
  readonly lost: readonly Lease[];
  /** Could not be prolonged for now. */
  readonly left: readonly Lease[];
  /** Why not, of one of them. */
  readonly error: Error | undefined;
}

async function prolong(
  { api, clock, table }: SqsContext,
  { queue, held, leaseMs }: { readonly queue: KnownQueue; readonly held: readonly Held[]; readonly leaseMs: number },
): Promise<Prolonged> {
  const askedAtMs = clock.monotonic();
  const seconds = visibilitySeconds(leaseMs);
  const failures = await changeVisibility(
    api,
    queue,
    held.map(({ arrival }) => ({ handle: arrival.handle, seconds })),
    { timeoutMs: renewalAnswerMs(leaseMs) },
  );
  const failed = new Map(failures.map((failure) => [failure.index, failure]));
  const [lost, left] = [[], []] as [Lease[], Lease[]];
  let error: Error | undefined;
  for (const [index, each] of held.entries()) {
    const failure = failed.get(index);
    if (failure === undefined) each.endsAtMs = Math.max(each.endsAtMs, askedAtMs + leaseMs);
    else if (failure.isLost || hasCode(failure.error, "QUEUE_NOT_FOUND")) {
      table.remove(each);
      lost.push(each.lease);
    } else {
      left.push(each.lease);
      error = failure.error;
    }
  }
  return { lost, left, error };
}

/** SQS hides a message for 12 hours at most. Shortly before, it is given to another, uncounted, and this consumer is told that it lost it:
 * with the time of a lease to stop. Never rejects. */
async function handOver(
  context: SqsContext,
  { queue, over, leaseMs }: { readonly queue: KnownQueue; readonly over: readonly Held[]; readonly leaseMs: number },
): Promise<void> {
  if (over.length === 0) return;
  for (const each of over) context.table.remove(each);
  await giveBack(
    context,
    queue.queue,
    over.map(({ arrival }) => ({ arrival, delayMs: leaseMs, wasDelivered: true })),
  );
  context.log.warn(
    `${over.length} messages of queue "${queue.queue}" were in work for nearly 12 hours, longer than SQS can hold them: their tasks are told to stop, and run again.`,
    { code: "lease-ceiling", messageIds: over.map(({ arrival }) => arrival.message.properties.messageId) },
  );
}
