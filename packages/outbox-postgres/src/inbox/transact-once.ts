import type { Delivery, OutgoingMessage } from "@lovage/transport";

import type { Database } from "../database.ts";
import { enqueueValues } from "../enqueue.ts";
import { asCommit } from "../errors.ts";
import { inboxKeyOf } from "../mark.ts";
import { doneBefore, type WorkInTransaction } from "./inboxed-delivery.ts";

/** What a transaction works with. */
export interface TransactOnceOptions {
  readonly database: Database;
  /** Refuses follow-ups that cannot be sent, sees to it that relays know where they go, and gives what is to be written. */
  readonly prepare: (followUps: readonly OutgoingMessage[]) => Promise<readonly OutgoingMessage[]>;
}

/**
 * Runs work of the user's in a transaction of the outbox's database, with what comes after it in the outbox, and writes in it that the message is done. Only then is
 * it acknowledged: if that is not possible any more, the message comes again and is dropped.
 * @throws LEASE_LOST when its work was done before, TRANSPORT_UNAVAILABLE: rolled back. PUBLISH_UNCERTAIN: the connection broke during the commit
 */
export async function transactOnce<T>(
  delivery: Delivery,
  work: WorkInTransaction<T>,
  { database, prepare }: TransactOnceOptions,
): Promise<T> {
  const { client, statements, log } = database;
  const { id, copy } = inboxKeyOf(delivery.message);
  const value = await asCommit(() =>
    client.transactOnce(async (session, transaction) => {
      const done = await work(transaction);
      delivery.signal.throwIfAborted();
      const followUps = await prepare(done.followUps ?? []);
      if (followUps.length > 0) await session.query(statements.enqueueHere, enqueueValues(followUps));
      const [[isFirst] = []] = await session.query(statements.finish, [delivery.queue, id, copy]);
      if (isFirst !== "t") throw doneBefore(delivery);
      return done.value;
    }),
  );
  try {
    await delivery.ack();
  } catch (error) {
    const { queue, message } = delivery;
    const { messageId } = message.properties;
    log.debug("What is done could not be acknowledged; it is dropped when it comes again.", {
      queue,
      messageId,
      error,
    });
  }
  return value;
}
