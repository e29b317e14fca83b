import {
  defineStatement,
  isPostgresError,
  nowMsOnce,
  PostgresError,
  type PostgresSession,
} from "@lovage/client-postgres";
import { translateErrors } from "@lovage/foundation";
import { deadLetterQueueOf, isDeadLetterQueue, type QueueStats } from "@lovage/transport";

import type { Database } from "./database.ts";
import { findQueue, type QueueRow } from "./queue-row.ts";

/** For one statement. As long as ours have on sessions of our own. */
const countingMs = 10_000;

/**
 * Counts of one queue. Reads the indexes only, where these are vacuumed. The server itself ends what takes too long, and nobody asks it again: behind a pooler and in a pool
 * of the user's no session has our limit, and a count that is given up here would go on there, with its repetitions beside it.
 */
export async function queueStats(database: Database, queue: QueueRow): Promise<QueueStats> {
  const { schema } = database.statements;
  const dead = isDeadLetterQueue(queue.name) ? queue : await findQueue(database, deadLetterQueueOf(queue.name));
  const limit = defineStatement(`SELECT set_config('statement_timeout', '${countingMs}', true)`);
  const count = async (session: PostgresSession): Promise<QueueStats> => {
    await session.query(limit);
    const waiting = await countWaiting(session, schema, queue);
    return { ...waiting, dead: dead === undefined ? 0 : await countReady(session, schema, dead) };
  };
  return await translateErrors(
    () => database.client().transaction(count),
    (error) => explain(error, queue),
  );
}

async function countWaiting(session: PostgresSession, schema: string, queue: QueueRow): Promise<QueueStats> {
  const statement = defineStatement(
    `SELECT r.count, d.due, d.delayed, d.leased, d.suspect, CASE WHEN r.oldest IS NOT NULL THEN greatest(0, ${nowMsOnce} - r.oldest) END FROM
       (SELECT count(*) AS count, min(place) AS oldest FROM ${schema}.messages WHERE queue = $1 AND state = 0) r,
       (SELECT count(*) FILTER (WHERE state = 1 AND at <= ${nowMsOnce}) AS due,
               count(*) FILTER (WHERE state = 1 AND at > ${nowMsOnce}) AS delayed,
               count(*) FILTER (WHERE state = 2) AS leased,
               count(*) FILTER (WHERE state = 3) AS suspect
          FROM ${schema}.messages WHERE queue = $1 AND state > 0) d`,
  );
  const [row = []] = await session.query(statement, [queue.id]);
  const [ready, due, delayed, leased, suspect] = row.map(Number);
  const oldest = row[5] ?? null;
  return {
    queue: queue.name,
    // Due, and made ready by the next claim: nobody need know the difference.
    ready: (ready ?? 0) + (due ?? 0) + (suspect ?? 0),
    delayed: delayed ?? 0,
    unsettled: leased ?? 0,
    ...(oldest === null ? {} : { oldestReadyMs: Number(oldest) }),
  };
}

async function countReady(session: PostgresSession, schema: string, { id }: QueueRow): Promise<number> {
  const statement = defineStatement(`SELECT count(*) FROM ${schema}.messages WHERE queue = $1 AND state = 0`);
  const [[count] = []] = await session.query(statement, [id]);
  return Number(count ?? 0);
}

function explain(error: unknown, { name }: QueueRow): unknown {
  if (!isPostgresError(error) || error.kind !== "timeout") return error;
  const text = `Counting the messages of queue "${name}" was ended, as a rule after ${countingMs / 1_000} s: each is counted. Ask less often, see that autovacuum keeps up with the table of messages, and look for long locks; the queue itself is used on. ${error.message}`;
  return new PostgresError(text, { kind: error.kind, sqlState: error.sqlState, cause: error });
}
