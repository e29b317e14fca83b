import { defineStatement } from "@lovage/client-postgres";
import { QueueNotFoundError } from "@lovage/transport";

import type { Database } from "./database.ts";

/** A queue as the store has it. */
export interface QueueRow {
  readonly id: number;
  readonly name: string;
}

/** The queue, if there is one. A deleted one keeps its row and its id, so that what is published while it is deleted has a home. */
export async function findQueue(database: Database, name: string): Promise<QueueRow | undefined> {
  const statement = defineStatement(
    `SELECT id FROM ${database.statements.schema}.queues WHERE name = $1 AND NOT deleted`,
  );
  const [[id] = []] = await database.client().query(statement, [name], { repeatable: true });
  return typeof id === "string" ? { id: Number(id), name } : undefined;
}

/** @throws QueueNotFoundError (`QUEUE_NOT_FOUND`) */
export async function requireQueue(database: Database, name: string): Promise<QueueRow> {
  const queue = await findQueue(database, name);
  if (queue === undefined) throw new QueueNotFoundError(name);
  return queue;
}
