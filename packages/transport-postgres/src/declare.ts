import { defineStatement, type PostgresSession } from "@lovage/client-postgres";
import { deadLetterQueueOf, FeatureUnsupportedError, type QueueDeclaration } from "@lovage/transport";

import type { Database } from "./database.ts";

/** Makes queues and their dead-letter queues exist, with the options that were given; those not given stay. */
export async function declareQueues(
  { client, statements }: Database,
  queues: readonly QueueDeclaration[],
): Promise<void> {
  for (const queue of queues) refuseUnsupported(queue);
  const missing: QueueDeclaration[] = [];
  for (const queue of queues) if (!(await isDeclared(client(), statements.schema, queue))) missing.push(queue);
  if (missing.length === 0) return;
  await client().transaction(async (session) => {
    for (const queue of missing) await declareQueue(session, statements.schema, queue);
  });
}

function refuseUnsupported({ name, consumers = "lovage", driver = {} }: QueueDeclaration): void {
  if (consumers !== "lovage") {
    throw new FeatureUnsupportedError(
      `Queue "${name}" is declared for ${consumers} consumers, and Celery cannot read Lovage's tables: use redis:, amqp: or sqs: for queues shared with Celery.`,
    );
  }
  const [option] = Object.keys(driver);
  if (option === undefined) return;
  throw new FeatureUnsupportedError(
    `Queue "${name}" has the driver option "${option}"; postgres: has none. Remove it.`,
  );
}

/** Looks before it writes, so that programs which start do not lock each other's rows. */
async function isDeclared(session: PostgresSession, schema: string, queue: QueueDeclaration): Promise<boolean> {
  const { name, fairness = null, priorities = null } = queue;
  const statement = defineStatement(
    `SELECT count(*) FROM ${schema}.queues q WHERE NOT deleted AND (
       name = $1 AND ($3::boolean IS NULL OR fairness = $3) AND ($4::boolean IS NULL OR priorities = $4) AND ($1 <> $2 OR $5::bigint IS NULL OR retention_ms = $5)
       OR name = $2 AND $1 <> $2 AND ($5::bigint IS NULL OR retention_ms = $5))`,
  );
  const dead = deadLetterQueueOf(name);
  const values = [name, dead, fairness, priorities, retentionOf(queue)];
  const [[count] = []] = await session.query(statement, values, { repeatable: true });
  return Number(count) === new Set([name, dead]).size;
}

async function declareQueue(session: PostgresSession, schema: string, queue: QueueDeclaration): Promise<void> {
  const { name, fairness = null, priorities = null } = queue;
  await session.query(
    defineStatement(
      `INSERT INTO ${schema}.queues AS q (name, fairness, priorities) VALUES ($1, coalesce($2::boolean, true), coalesce($3::boolean, true))
       ON CONFLICT (name) DO UPDATE SET fairness = coalesce($2::boolean, q.fairness), priorities = coalesce($3::boolean, q.priorities), deleted = false`,
    ),
    [name, fairness, priorities],
  );
  await session.query(
    defineStatement(
      `INSERT INTO ${schema}.queues AS q (name, retention_ms) VALUES ($1, coalesce($2::bigint, 1209600000))
       ON CONFLICT (name) DO UPDATE SET retention_ms = coalesce($2::bigint, q.retention_ms), deleted = false`,
    ),
    [deadLetterQueueOf(name), retentionOf(queue)],
  );
}

/** In whole milliseconds; for ever is half of what is safe, since the server takes it from its own time. */
function retentionOf({ deadLetterRetentionMs: ms }: QueueDeclaration): number | null {
  return ms === undefined ? null : Math.ceil(Math.min(ms, Number.MAX_SAFE_INTEGER / 2));
}
