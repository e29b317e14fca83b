import { callerTransaction } from "@lovage/client-postgres";
import type { RoutedMessage } from "@lovage/lease-engine";
import { TransactionUnsupportedError } from "@lovage/transport";

import type { Database } from "./database.ts";
import { asPublish, asTransport } from "./errors.ts";
import { messageBatch } from "./message-batch.ts";

/** Writes messages in one transaction; wakes who sleeps on `wake`. */
export async function publishMessages(
  { client, statements }: Database,
  messages: readonly RoutedMessage[],
  wake: readonly string[],
): Promise<void> {
  await asPublish(() => client().query(statements.publish, [...messageBatch(messages), wake]));
}

/** Writes messages in a transaction of the caller's, whose commit makes them accepted, and wakes at the commit. */
export async function publishInTransaction(
  { client, statements }: Database,
  messages: readonly RoutedMessage[],
  transaction: unknown,
): Promise<void> {
  const run = callerTransaction(transaction, {
    where: client().where,
    refuse: (reason) => new TransactionUnsupportedError(`Nothing was published: ${reason}.`),
  });
  await asTransport(() => run(statements.enqueue, messageBatch(messages)));
}
