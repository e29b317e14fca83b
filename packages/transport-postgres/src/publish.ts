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

/** What is published in a transaction. */
export interface TransactedPublish {
  readonly messages: readonly RoutedMessage[];
  /** Queues whose sleepers are told at the commit. */
  readonly wake: readonly string[];
}

/** Writes messages in a transaction of the caller's, whose commit makes them accepted. */
export async function publishInTransaction(
  { client, statements, place }: Database,
  { messages, wake }: TransactedPublish,
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
      ? await run(statements.enqueueOne, [...messageFields(first), wake.length > 0, name])
      : await run(statements.enqueue, [...messageBatch(messages), wake.length === 0 ? null : wake, name]);
  });
}
