import type { SqliteClient } from "@lovage/client-sqlite";
import type { Lease, RoutedMessage, Settlement } from "@lovage/lease-engine";
import { deadLetterQueueOf, withDeath } from "@lovage/transport";

import { encodeMessages, insertMessages, type EncodedMessage } from "./insert-messages.ts";
import type { Statements } from "./statements.ts";

/** What became of settlements. */
export interface SettleOutcome {
  readonly lost: readonly Lease[] | null;
  /** Queues that have new messages. */
  readonly filled: ReadonlySet<string>;
}

interface PreparedSettlement {
  readonly settlement: Settlement;
  /** Follow-ups, and the dead letter. */
  readonly messages: readonly EncodedMessage[];
}

/** Ends deliveries in order and in one transaction, each with all that follows from it. */
export async function settleDeliveries(
  client: SqliteClient,
  request: { readonly queue: string; readonly settlements: readonly Settlement[]; readonly nowMs: number },
): Promise<SettleOutcome> {
  const { queue, nowMs } = request;
  const prepared = request.settlements.map((settlement) => prepare(queue, settlement, nowMs));
  return client.durable.write(() => {
    const lost: Lease[] = [];
    const filled = new Set<string>();
    for (const { settlement, messages } of prepared) {
      if (!end(client.durable, settlement, nowMs)) {
        lost.push(settlement.lease);
        continue;
      }
      if (settlement.kind === "release") filled.add(queue);
      if (messages.length === 0) continue;
      insertMessages(client.durable, messages, nowMs);
      for (const { message } of messages) filled.add(message.to);
    }
    return { lost: lost.length === 0 ? null : lost, filled };
  });
}

function prepare(queue: string, settlement: Settlement, nowMs: number): PreparedSettlement {
  const { followUps = [] } = settlement;
  if (settlement.kind !== "reject") return { settlement, messages: encodeMessages(followUps) };
  return { settlement, messages: encodeMessages([deadLetter(queue, settlement, nowMs), ...followUps]) };
}

function deadLetter(
  queue: string,
  { message, reason, count }: Settlement & { kind: "reject" },
  nowMs: number,
): RoutedMessage {
  return { ...withDeath(message, { ...reason, queue, count, atMs: nowMs }), to: deadLetterQueueOf(queue) };
}

/** Whether the lease was still held. */
function end(db: Statements, settlement: Settlement, nowMs: number): boolean {
  const { id, fence } = settlement.lease;
  if (settlement.kind !== "release") {
    return (
      db.statement("DELETE FROM lovage_messages WHERE id = ? AND fence = ? AND state = 4").run(id, fence).changes === 1
    );
  }
  const delayMs = Math.ceil(settlement.delayMs);
  // A larger one could be written, and not be read again.
  const atMs = Math.min(nowMs + Math.max(0, delayMs), Number.MAX_SAFE_INTEGER);
  const release = db.statement(
    `UPDATE lovage_messages SET state = CASE WHEN ? > 0 THEN 3 WHEN suspect = 1 THEN 5 ELSE 2 END, at = ?, redelivered = 1,
         place = CASE WHEN ? > 0 THEN ? ELSE place END
     WHERE id = ? AND fence = ? AND state = 4`,
  );
  return release.run(delayMs, atMs, delayMs, atMs, id, fence).changes === 1;
}
