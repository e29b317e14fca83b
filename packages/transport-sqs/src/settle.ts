import { hasCode } from "@lovage/foundation";
import type { Lease, RoutedMessage, Settlement } from "@lovage/lease-engine";
import { deadLetterQueueOf, withDeath } from "@lovage/transport";

import type { BatchFailure } from "./batches.ts";
import { changeVisibility, visibilitySeconds } from "./change-visibility.ts";
import { deleteAll } from "./delete.ts";
import type { Held } from "./lease-table.ts";
import { publishMessages } from "./publish.ts";
import { copyOf, hiddenSeconds } from "./put-back.ts";
import type { KnownQueue } from "./queue-directory.ts";
import { sendAll } from "./send.ts";
import type { SqsContext } from "./sqs-context.ts";

/** What a settling call works with. */
export interface Settling extends SqsContext {
  readonly queue: KnownQueue;
  readonly leaseMs: number;
}

/** A settlement whose lease is ours. */
interface Open {
  readonly settlement: Settlement;
  readonly held: Held;
}

/**
 * Ends deliveries: first all that follows from them is sent, then they are deleted. What was sent stays noted, so that the call may be repeated.
 * @returns leases that were lost, `null` for none
 */
export async function settleDeliveries(
  settling: Settling,
  settlements: readonly Settlement[],
): Promise<readonly Lease[] | null> {
  const { table } = settling;
  const done: Held[] = [];
  try {
    const { open, lost } = sortOut(settling, settlements);
    const alive = await confirmSenders(settling, open, lost);
    await sendFollowing(settling, alive);
    await removeAll(settling, alive, { lost, done });
    return lost.length === 0 ? null : lost;
  } catch (error) {
    table.remember(done);
    throw error;
  } finally {
    await dropClaims(settling, settlements, done);
  }
}

/** What was released is there still, as a copy that refers to the same body. */
async function dropClaims(
  { claims }: Settling,
  settlements: readonly Settlement[],
  done: readonly Held[],
): Promise<void> {
  if (claims === undefined) return;
  const released = new Set(settlements.filter(({ kind }) => kind === "release").map(({ lease }) => lease.id));
  await claims.drop(done.filter(({ lease }) => !released.has(lease.id)).map(({ arrival }) => arrival.message));
}

function sortOut(
  { table, clock }: Settling,
  settlements: readonly Settlement[],
): { readonly open: Open[]; readonly lost: Lease[] } {
  const open: Open[] = [];
  const lost: Lease[] = [];
  const nowMs = clock.monotonic();
  for (const settlement of settlements) {
    const held = table.find(settlement.lease, nowMs);
    if (held !== undefined) open.push({ settlement, held });
    else if (!table.wasSettled(settlement.lease)) lost.push(settlement.lease);
  }
  return { open, lost };
}

function sendsSomething({ settlement }: Open): boolean {
  return settlement.kind === "reject" || (settlement.kind === "ack" && (settlement.followUps?.length ?? 0) > 0);
}

/** What would be sent for a message that is not ours any more could not be taken back: SQS is asked first. */
async function confirmSenders(settling: Settling, open: readonly Open[], lost: Lease[]): Promise<readonly Open[]> {
  const { api, queue, leaseMs, clock, table } = settling;
  const senders = open.filter((each) => sendsSomething(each) && !each.held.isSent);
  if (senders.length === 0) return open;
  const askedAtMs = clock.monotonic();
  const seconds = visibilitySeconds(leaseMs);
  const changes = senders.map(({ held }) => ({ handle: held.arrival.handle, seconds }));
  const failures = await changeVisibility(api, queue, changes);
  const gone = new Set<Open>();
  for (const { index, error, isLost } of failures) {
    const sender = senders[index];
    if (!isLost && !hasCode(error, "QUEUE_NOT_FOUND")) throw error;
    if (sender === undefined) continue;
    gone.add(sender);
    table.remove(sender.held);
    lost.push(sender.held.lease);
  }
  for (const sender of senders) if (!gone.has(sender)) sender.held.endsAtMs = askedAtMs + leaseMs;
  return open.filter((each) => !gone.has(each));
}

async function sendFollowing(settling: Settling, open: readonly Open[]): Promise<void> {
  await sendCopies(settling, open);
  const senders = open.filter((each) => sendsSomething(each) && !each.held.isSent);
  const sent = senders.flatMap((sender) => following(settling, sender).map((message) => ({ sender, message })));
  const errors = await publishMessages(
    settling,
    sent.map(({ message }) => message),
    // A FIFO queue must tell a step that is handed over from the same step published before.
    (index) => `~${sent[index]?.sender.held.arrival.fence ?? 0}`,
  );
  const failed = new Set([...errors.keys()].map((index) => sent[index]?.sender));
  for (const sender of senders) sender.held.isSent = !failed.has(sender);
  const [first] = errors.values();
  if (first !== undefined) throw first;
}

/** Releases into a standard queue go back as copies. */
async function sendCopies({ api, queue }: Settling, open: readonly Open[]): Promise<void> {
  if (queue.isFifo) return;
  const released = open.filter(({ settlement, held }) => settlement.kind === "release" && !held.isSent);
  const copies = released.map(({ settlement, held }) => {
    const delayMs = settlement.kind === "release" ? settlement.delayMs : 0;
    return copyOf({ arrival: held.arrival, delayMs, wasDelivered: true });
  });
  const failures = await sendAll(api, queue, copies);
  const failed = new Set(failures.map(({ index }) => index));
  for (const [index, { held }] of released.entries()) held.isSent = !failed.has(index);
  const [first] = failures;
  if (first !== undefined) throw first.error;
}

function following({ queue, clock }: Settling, { settlement }: Open): RoutedMessage[] {
  if (settlement.kind === "release") return [];
  const followUps = [...(settlement.followUps ?? [])];
  if (settlement.kind === "ack") return followUps;
  const { message, reason, count } = settlement;
  const dead = withDeath(message, { ...reason, queue: queue.queue, count, atMs: Math.round(clock.now()) });
  return [...followUps, { ...dead, to: deadLetterQueueOf(queue.queue) }];
}

interface Outcome {
  readonly lost: Lease[];
  readonly done: Held[];
}

async function removeAll(settling: Settling, open: readonly Open[], outcome: Outcome): Promise<void> {
  const { api, queue, clock } = settling;
  const nowMs = clock.monotonic();
  const shown = queue.isFifo ? open.filter(({ settlement }) => settlement.kind === "release") : [];
  const deleted = open.filter((each) => !shown.includes(each));
  const changes = shown.map(({ settlement, held: { arrival } }) => {
    const delayMs = settlement.kind === "release" ? settlement.delayMs : 0;
    return { handle: arrival.handle, seconds: hiddenSeconds({ arrival, delayMs }, nowMs) };
  });
  const [kept, hidden] = await Promise.all([
    deleteAll(
      api,
      queue,
      deleted.map(({ held }) => held.arrival.handle),
    ),
    changeVisibility(api, queue, changes),
  ]);
  const errors = [
    conclude(settling, deleted, { ...outcome, failures: kept, deletes: true }),
    conclude(settling, shown, { ...outcome, failures: hidden, deletes: false }),
  ];
  for (const error of errors) if (error !== undefined) throw error;
}

/** Notes what became of each. @returns an error that makes the call worth repeating */
function conclude(
  { table }: Settling,
  open: readonly Open[],
  {
    lost,
    done,
    failures,
    deletes,
  }: Outcome & { readonly failures: readonly BatchFailure[]; readonly deletes: boolean },
): Error | undefined {
  const byIndex = new Map(failures.map((failure) => [failure.index, failure]));
  let error: Error | undefined;
  for (const [index, { held }] of open.entries()) {
    const failure = byIndex.get(index);
    const isGone = failure?.isLost === true || hasCode(failure?.error, "QUEUE_NOT_FOUND");
    if (failure !== undefined && !isGone) {
      error = failure.error;
      continue;
    }
    if (failure === undefined && deletes) table.removeDeleted(held);
    else table.remove(held);
    if (failure === undefined) done.push(held);
    else lost.push(held.lease);
  }
  return error;
}
