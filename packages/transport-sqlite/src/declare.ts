import type { SqliteClient } from "@lovage/client-sqlite";
import { deadLetterQueueOf, FeatureUnsupportedError, type QueueDeclaration } from "@lovage/transport";

import { ensureQueue, findQueue } from "./queue-row.ts";
import type { Statements } from "./statements.ts";

/** Makes queues and their dead-letter queues exist, with the options that were given; those not given stay. */
export async function declareQueues(client: SqliteClient, queues: readonly QueueDeclaration[]): Promise<void> {
  for (const queue of queues) refuseUnsupported(queue);
  const missing = await client.durable.read(() => queues.filter((queue) => !isDeclared(client.durable, queue)));
  if (missing.length === 0) return;
  await client.durable.write(() => {
    for (const queue of missing) declareQueue(client.durable, queue);
  });
}

function refuseUnsupported({ name, consumers = "lovage", driver = {} }: QueueDeclaration): void {
  if (consumers !== "lovage") {
    throw new FeatureUnsupportedError(
      `Queue "${name}" is declared for ${consumers} consumers, and Celery cannot read Lovage's SQLite file: use redis:, amqp: or sqs: for queues shared with Celery.`,
    );
  }
  const [option] = Object.keys(driver);
  if (option === undefined) return;
  throw new FeatureUnsupportedError(`Queue "${name}" has the driver option "${option}"; sqlite: has none. Remove it.`);
}

function isDeclared(db: Statements, { name, fairness, priorities, deadLetterRetentionMs }: QueueDeclaration): boolean {
  const row = db.statement("SELECT fairness, priorities FROM lovage_queues WHERE name = ?").get(name);
  const dead = findQueue(db, deadLetterQueueOf(name));
  if (row === undefined || dead === undefined) return false;
  return (
    (fairness === undefined || Number(fairness) === row["fairness"]) &&
    (priorities === undefined || Number(priorities) === row["priorities"]) &&
    (deadLetterRetentionMs === undefined || deadLetterRetentionMs === dead.retentionMs)
  );
}

function declareQueue(db: Statements, queue: QueueDeclaration): void {
  const { name, fairness, priorities, deadLetterRetentionMs } = queue;
  const { id } = ensureQueue(db, name);
  const dead = ensureQueue(db, deadLetterQueueOf(name));
  db.statement(
    "UPDATE lovage_queues SET fairness = coalesce(?, fairness), priorities = coalesce(?, priorities) WHERE id = ?",
  ).run(toColumn(fairness), toColumn(priorities), id);
  db.statement("UPDATE lovage_queues SET retention_ms = coalesce(?, retention_ms) WHERE id = ?").run(
    deadLetterRetentionMs ?? null,
    dead.id,
  );
}

function toColumn(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value);
}
