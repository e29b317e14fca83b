import { defineStatement } from "@lovage/client-postgres";
import { deadLetterQueueOf, isDeadLetterQueue, type QueueStats } from "@lovage/transport";

import type { Database } from "./database.ts";
import { findQueue, type QueueRow } from "./queue-row.ts";

/** Counts of one queue. Reads the indexes only, where these are vacuumed. */
export async function queueStats(database: Database, queue: QueueRow): Promise<QueueStats> {
  const { client, statements } = database;
  const { schema } = statements;
  const now = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
  const statement = defineStatement(
    `SELECT r.count, d.due, d.delayed, d.leased, d.suspect, CASE WHEN r.oldest IS NOT NULL THEN greatest(0, ${now} - r.oldest) END FROM
       (SELECT count(*) AS count, min(place) AS oldest FROM ${schema}.messages WHERE queue = $1 AND state = 0) r,
       (SELECT count(*) FILTER (WHERE state = 1 AND at <= ${now}) AS due,
               count(*) FILTER (WHERE state = 1 AND at > ${now}) AS delayed,
               count(*) FILTER (WHERE state = 2) AS leased,
               count(*) FILTER (WHERE state = 3) AS suspect
          FROM ${schema}.messages WHERE queue = $1 AND state > 0) d`,
  );
  const [row = []] = await client().query(statement, [queue.id], { repeatable: true });
  const [ready, due, delayed, leased, suspect] = row.map(Number);
  const oldest = row[5] ?? null;
  const dead = isDeadLetterQueue(queue.name) ? queue : await findQueue(database, deadLetterQueueOf(queue.name));
  return {
    queue: queue.name,
    // Due, and made ready by the next claim: nobody need know the difference.
    ready: (ready ?? 0) + (due ?? 0) + (suspect ?? 0),
    delayed: delayed ?? 0,
    unsettled: leased ?? 0,
    dead: dead === undefined ? 0 : await countReady(database, dead),
    ...(oldest === null ? {} : { oldestReadyMs: Number(oldest) }),
  };
}

async function countReady({ client, statements }: Database, { id }: QueueRow): Promise<number> {
  const statement = defineStatement(
    `SELECT count(*) FROM ${statements.schema}.messages WHERE queue = $1 AND state = 0`,
  );
  const [[count] = []] = await client().query(statement, [id], { repeatable: true });
  return Number(count ?? 0);
}
