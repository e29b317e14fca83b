import { numberArray, type PostgresRows, type PostgresSession, type PostgresValue } from "@lovage/client-postgres";
import type { Lease, RoutedMessage, Settlement } from "@lovage/lease-engine";
import { deadLetterQueueOf, withDeath } from "@lovage/transport";

import { batchWidth, messageBatch, queuesOf } from "./message-batch.ts";
import { inOrder } from "./lease-order.ts";
import type { TransportStatements } from "./statements.ts";

/** What is settled. */
export interface SettleRequest {
  readonly queue: string;
  readonly settlements: readonly Settlement[];
  /** For the records of dead letters. */
  readonly nowMs: number;
  /** Which of the queues that get messages are to be told. */
  readonly wakes: (queues: Iterable<string>) => readonly string[];
}

/** Ends deliveries in one statement, each with all that follows from it; gives those that were not held any more. */
export async function settleDeliveries(
  session: PostgresSession,
  statements: TransportStatements,
  request: SettleRequest,
): Promise<readonly NotHeld[]> {
  const { queue, settlements, wakes } = request;
  // Leases in order, so that two programs never wait for each other; messages in the order that was asked for.
  const ordered = settlements.toSorted((a, b) => inOrder(a.lease, b.lease));
  const owned = ownedMessages(request, ordered);
  const messages = owned.map(({ message }) => message);
  const filled = new Set(queuesOf(messages));
  if (settlements.some(({ kind }) => kind === "release")) filled.add(queue);
  const told = filled.size === 0 ? [] : wakes(filled);
  const rows = await session.query(statements.settle, [
    ...leaseLists(ordered),
    ...(messages.length === 0 ? noBatch : messageBatch(messages)),
    messages.length === 0 ? null : numberArray(owned.map(({ owner }) => owner)),
    told.length === 0 ? null : told,
  ]);
  return notHeld(rows, ordered);
}

/** A settlement whose lease was not held. */
export interface NotHeld {
  readonly settlement: Settlement;
  /** Of the message now; `undefined` when it is gone. */
  readonly fence: number | undefined;
}

const noBatch: readonly PostgresValue[] = Array.from({ length: batchWidth }, () => null);

function leaseLists(settlements: readonly Settlement[]): PostgresValue[] {
  const isRelease = settlements.map(({ kind }) => (kind === "release" ? 1 : 0));
  const delays = settlements.map((each) => (each.kind === "release" ? Math.max(0, Math.ceil(each.delayMs)) : 0));
  return [
    numberArray(settlements.map(({ lease }) => lease.id)),
    numberArray(settlements.map(({ lease }) => lease.fence)),
    numberArray(isRelease),
    numberArray(delays),
  ];
}

function notHeld(rows: PostgresRows, settlements: readonly Settlement[]): NotHeld[] {
  return rows.flatMap(([number = null, fence = null]) => {
    const settlement = settlements[Number(number) - 1];
    return settlement === undefined ? [] : [{ settlement, fence: fence === null ? undefined : Number(fence) }];
  });
}

/** What is published with the settlements, each with the number of the one that it belongs to. Most have nothing. */
function ownedMessages(
  { queue, settlements, nowMs }: SettleRequest,
  ordered: readonly Settlement[],
): readonly { readonly message: RoutedMessage; readonly owner: number }[] {
  if (settlements.every((each) => isAlone(each))) return [];
  const numbers = new Map(ordered.map((settlement, index) => [settlement, index + 1]));
  return settlements.flatMap((settlement) =>
    messagesOf(queue, settlement, nowMs).map((message) => ({ message, owner: numbers.get(settlement) ?? 0 })),
  );
}

function isAlone({ kind, followUps = [] }: Settlement): boolean {
  return kind !== "reject" && followUps.length === 0;
}

/** Follow-ups, and the dead letter. */
function messagesOf(queue: string, settlement: Settlement, nowMs: number): readonly RoutedMessage[] {
  const { followUps = [] } = settlement;
  return settlement.kind === "reject" ? [deadLetter(queue, settlement, nowMs), ...followUps] : followUps;
}

function deadLetter(
  queue: string,
  { message, reason, count }: Settlement & { kind: "reject" },
  nowMs: number,
): RoutedMessage {
  return { ...withDeath(message, { ...reason, queue, count, atMs: nowMs }), to: deadLetterQueueOf(queue) };
}

/** Leases as the engine wants them back. */
export function leasesOf(lost: readonly NotHeld[]): readonly Lease[] | null {
  return lost.length === 0 ? null : lost.map(({ settlement }) => settlement.lease);
}
