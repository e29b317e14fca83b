import { defineStatement, numberArray, type PostgresSession, type PostgresStatement } from "@lovage/client-postgres";
import type { SeenRow } from "@lovage/lease-engine";

import type { Database } from "./database.ts";
import { messageState } from "./message-state.ts";
import { findQueue, type QueueRow } from "./queue-row.ts";

/** Few enough for others to come in between, and for a vacuum to follow. */
const batchSize = 2_000;

/** Removes what waits in a queue; tells how many. */
export async function removeWaiting(database: Database, queue: QueueRow): Promise<number> {
  const { ready, suspect, delayed } = messageState;
  let removed = 0;
  for (const state of [ready, suspect, delayed]) removed += await removeState(database, queue, state);
  return removed;
}

/** Removes a queue with its messages and bindings. */
export async function removeQueue(database: Database, name: string): Promise<void> {
  const { client, statements } = database;
  const queue = await findQueue(database, name);
  if (queue === undefined) return;
  const { schema } = statements;
  await client().transaction(async (session) => {
    await session.query(defineStatement(`UPDATE ${schema}.queues SET deleted = true WHERE id = $1`), [queue.id]);
    await session.query(defineStatement(`DELETE FROM ${schema}.bindings WHERE queue = $1`), [name]);
  });
  for (const state of Object.values(messageState)) await removeState(database, queue, state);
}

/** Removes those rows that are still in the state in which they were seen; gives these. */
export async function removeSeen(
  session: PostgresSession,
  schema: string,
  rows: readonly SeenRow[],
): Promise<SeenRow[]> {
  const statement = defineStatement(
    `DELETE FROM ${schema}.messages m USING unnest($1::bigint[], $2::int[]) AS s(id, state) WHERE m.id = s.id AND m.state + 0 = s.state RETURNING m.id`,
  );
  const ordered = rows.toSorted((a, b) => a.id - b.id);
  const removed = await session.query(statement, [
    numberArray(ordered.map(({ id }) => id)),
    numberArray(ordered.map(({ state }) => state)),
  ]);
  const gone = new Set(removed.map(([id]) => Number(id)));
  return rows.filter(({ id }) => gone.has(id));
}

async function removeState({ client, statements }: Database, queue: QueueRow, state: number): Promise<number> {
  const statement = removal(statements.schema, state);
  let removed = 0;
  for (let last = batchSize; last === batchSize; removed += last) {
    last = (await client().query(statement, [queue.id], { repeatable: true })).length;
  }
  return removed;
}

function removal(schema: string, state: number): PostgresStatement {
  return defineStatement(
    `DELETE FROM ${schema}.messages WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM ${schema}.messages WHERE queue = $1 AND state = ${state} LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)) RETURNING 1`,
  );
}
