import { hasCode } from "@lovage/foundation";
import type { Lease, RoutedMessage, Settlement } from "@lovage/lease-engine";
import { PublishError } from "@lovage/transport";

import { mayPass, type BatchFailure } from "./calls/batches.ts";
import { changeVisibility, visibilitySeconds } from "./calls/change-visibility.ts";
import { claimOf } from "./message/claim-header.ts";
import { deadLetterOf } from "./message/dead-letter.ts";
import { deleteAll } from "./calls/delete.ts";
import type { Held } from "./leases/lease-table.ts";
import { publishMessages } from "./publish.ts";
import { copyOf, hiddenSeconds, noteReleases } from "./leases/put-back.ts";
import type { KnownQueue } from "./queues/queue-directory.ts";
import { sendAll } from "./calls/send.ts";
import type { SqsContext } from "./sqs-context.ts";

/** What a settling call works with. */
export interface Settling extends SqsContext {
  readonly queue: KnownQueue;
  readonly leaseMs: number;
  /** Told of messages that are ended but for their deletion, and why SQS refused that. @default nobody asks */
  readonly onLeft?: (error: Error) => void;
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
    const alive = await confirmSenders(settling, letGo(settling, open, done), lost);
    const unsent = new Map([...(await sendCopies(settling, alive)), ...(await sendFollowing(settling, alive))]);
    const sent = alive.filter((each) => !unsent.has(each));
    await removeAll(settling, sent, { lost, done });
    throwUnsent(settlements, unsent);
    return lost.length === 0 ? null : lost;
  } catch (error) {
    table.remember(done);
    throw error;
  } finally {
    dropClaims(settling, settlements, done);
  }
}

/** What was released is there still, as a copy that refers to the same body; so is the dead letter of a message whose body could not be fetched. */
function dropClaims({ claims }: Settling, settlements: readonly Settlement[], done: readonly Held[]): void {
  if (claims === undefined) return;
  const byLease = new Map(settlements.map((settlement) => [settlement.lease.id, settlement]));
  const left = done.filter((held) => !keepsBody(byLease.get(held.lease.id), held));
  claims.dropSoon(left.map(({ arrival }) => arrival.message));
}

function keepsBody(settlement: Settlement | undefined, { arrival }: Held): boolean {
  if (settlement?.kind === "reject") return claimOf(settlement.message) === arrival.claim;
  return settlement?.kind === "release";
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
    if (held !== undefined && settlement.kind === "reject") held.isSent ||= table.wasBuried(held.arrival.sqsId);
  }
  return { open, lost };
}

/** A double is neither sent nor deleted nor shown: whoever works on its other would lose it. @returns the others */
function letGo({ table, queue }: Settling, open: readonly Open[], done: Held[]): readonly Open[] {
  if (queue.isFifo) return open;
  return open.filter(({ settlement, held }) => {
    if (settlement.kind !== "release" || settlement.isDouble !== true) return true;
    table.remove(held);
    done.push(held);
    return false;
  });
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

/** Of which something could not be sent, and why. */
type Unsent = ReadonlyMap<Open, Error>;

/** @throws what passes, so that the call is repeated; else PUBLISH_FAILED */
function throwUnsent(settlements: readonly Settlement[], unsent: Unsent): void {
  if (unsent.size === 0) return;
  const failures = [...unsent].map(([{ settlement, held }, error]) => {
    const { messageId } = held.arrival.message.properties;
    return { index: settlements.indexOf(settlement), messageId, error };
  });
  const passing = failures.find(({ error }) => mayPass(error));
  throw passing?.error ?? new PublishError(failures, settlements.length);
}

/** What goes with acknowledgements and rejections, but for what was sent before: one of many that failed must not double the others. */
async function sendFollowing(settling: Settling, open: readonly Open[]): Promise<Unsent> {
  const senders = open.filter((each) => sendsSomething(each) && !each.held.isSent);
  const sent = senders.flatMap((sender) => following(settling, sender));
  const errors = await publishMessages(
    settling,
    sent.map(({ message }) => message),
    // A FIFO queue must tell a step that is handed over from the same step published before.
    (index) => `~${sent[index]?.sender.held.arrival.fence ?? 0}`,
  );
  const unsent = new Map<Open, Error>();
  for (const [index, { sender, source }] of sent.entries()) {
    const error = errors.get(index);
    if (error === undefined) (sender.held.sent ??= new WeakSet()).add(source);
    else unsent.set(sender, error);
  }
  for (const sender of senders) sender.held.isSent = !unsent.has(sender);
  return unsent;
}

/** Releases into a standard queue go back as copies. */
async function sendCopies({ api, queue }: Settling, open: readonly Open[]): Promise<Unsent> {
  if (queue.isFifo) return new Map();
  const released = open.filter(({ settlement, held }) => settlement.kind === "release" && !held.isSent);
  const copies = released.map(({ settlement, held }) => {
    const delayMs = settlement.kind === "release" ? settlement.delayMs : 0;
    return copyOf({ arrival: held.arrival, delayMs, wasDelivered: true });
  });
  const errors = new Map((await sendAll(api, queue, copies)).map(({ index, error }) => [index, error]));
  const unsent = new Map<Open, Error>();
  for (const [index, release] of released.entries()) {
    const error = errors.get(index);
    release.held.isSent = error === undefined;
    if (error !== undefined) unsent.set(release, error);
  }
  return unsent;
}

/** A message that goes with a settlement, and what stands for it in that: the same object each time that the settlement is tried. */
interface Step {
  readonly sender: Open;
  readonly message: RoutedMessage;
  readonly source: object;
}

/** What of it was not sent yet. */
function following({ queue, clock }: Settling, sender: Open): readonly Step[] {
  const { settlement, held } = sender;
  if (settlement.kind === "release") return [];
  const steps: Step[] = (settlement.followUps ?? []).map((message) => ({ sender, message, source: message }));
  if (settlement.kind === "reject") {
    const message = deadLetterOf(queue.queue, settlement, clock.now());
    steps.push({ sender, message, source: settlement.message });
  }
  return steps.filter(({ source }) => held.sent?.has(source) !== true);
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
  const arrivals = shown.map(({ held }) => held.arrival);
  noteReleases(settling, { arrivals, changes, failures: hidden, nowMs });
  for (const error of errors) if (error !== undefined) throw error;
}

/** Notes what became of each. @returns an error that makes the call worth repeating */
function conclude(
  settling: Settling,
  open: readonly Open[],
  {
    lost,
    done,
    failures,
    deletes,
  }: Outcome & { readonly failures: readonly BatchFailure[]; readonly deletes: boolean },
): Error | undefined {
  const { table } = settling;
  const byIndex = new Map(failures.map((failure) => [failure.index, failure]));
  let error: Error | undefined;
  for (const [index, { held, settlement }] of open.entries()) {
    const failure = byIndex.get(index);
    const isGone = failure?.isLost === true || hasCode(failure?.error, "QUEUE_NOT_FOUND");
    if (failure !== undefined && !isGone) {
      error = failure.error;
      if (deletes) leave(settling, { held, settlement }, error);
      continue;
    }
    if (failure === undefined && deletes) table.removeDeleted(held);
    else table.remove(held);
    if (failure === undefined) done.push(held);
    else lost.push(held.lease);
  }
  return error;
}

/** All that goes with it was sent, and it stays all the same. */
function leave({ table, onLeft = () => {} }: Settling, { held, settlement }: Open, error: Error): void {
  if (settlement.kind === "reject") table.bury(held);
  onLeft(error);
}
