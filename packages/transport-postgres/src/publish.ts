import { callerTransaction } from "@lovage/client-postgres";
import type { RoutedMessage } from "@lovage/lease-engine";
import { TransactionUnsupportedError } from "@lovage/transport";

import type { Database } from "./database.ts";
import { asPublish, asTransport } from "./errors.ts";
import { messageBatch, plainBatch } from "./message-batch.ts";
import { messageFields } from "./message-fields.ts";

/** Writes messages in one transaction; wakes who sleeps on `wake`. */
export async function publishMessages(
  { client, statements }: Database,
  messages: readonly RoutedMessage[],
  wake: readonly string[],
): Promise<void> {
  const [first] = messages;
  await asPublish(() => {
    if (first !== undefined && messages.length === 1) {
      return client().query(statements.publishOne, [...messageFields(first), wake.length > 0]);
    }
    const plain = plainBatch(messages);
    return plain === undefined
      ? client().query(statements.publish, [...messageBatch(messages), wake])
      : client().query(statements.publishPlain, [...plain, wake.length > 0]);
  });
}

/** Writes messages in a transaction of the caller's, whose commit makes them accepted, and wakes at the commit. */
export async function publishInTransaction(
  { client, statements, place }: Database,
  messages: readonly RoutedMessage[],
  transaction: unknown,
): Promise<void> {
  const run = callerTransaction(transaction, {
    where: client().where,
    refuse: (reason) => {
      place.forget();
      return new TransactionUnsupportedError(`Nothing was published: ${reason}.`);
    },
  });
  const [first] = messages;
  await asTransport(async () => {
    const name = await place.name();
    return first !== undefined && messages.length === 1
      ? await run(statements.enqueueOne, [...messageFields(first), name])
      : await run(statements.enqueue, [...messageBatch(messages), name]);
  });
}
