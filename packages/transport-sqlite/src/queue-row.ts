import { deadLetterQueueOf, isDeadLetterQueue } from "@lovage/transport";

import type { Statements } from "./statements.ts";

/** A queue as the store has it. */
export interface QueueRow {
  readonly id: number;
  readonly name: string;
  /** Keys are served in turn. */
  readonly fairness: boolean;
  readonly priorities: boolean;
  /** How long dead letters are kept; of a dead-letter queue only. */
  readonly retentionMs: number;
}

/** The queue, if there is one. Asked for in every transaction anew: another program may have deleted it and made it again. */
export function findQueue(db: Statements, name: string): QueueRow | undefined {
  const row = db.statement("SELECT id, fairness, priorities, retention_ms FROM lovage_queues WHERE name = ?").get(name);
  if (row === undefined) return undefined;
  // A dead-letter queue is in order of death: retention ends at its head.
  const isOrdered = !isDeadLetterQueue(name);
  return {
    id: Number(row["id"]),
    name,
    fairness: isOrdered && row["fairness"] === 1,
    priorities: isOrdered && row["priorities"] === 1,
    retentionMs: Number(row["retention_ms"]),
  };
}

/** The queue, made with the defaults (and its dead-letter queue with it) if somebody has deleted it: a message is never lost for that. */
export function ensureQueue(db: Statements, name: string): QueueRow {
  const found = findQueue(db, name);
  if (found !== undefined) return found;
  const insert = db.statement("INSERT INTO lovage_queues (name) VALUES (?) ON CONFLICT (name) DO NOTHING");
  insert.run(name);
  insert.run(deadLetterQueueOf(name));
  return ensureQueue(db, name);
}
