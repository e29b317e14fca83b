import { toSqliteError, type SqliteClient } from "@lovage/client-sqlite";
import type { Clock, Timer } from "@lovage/foundation";
import type { RoutedMessage } from "@lovage/lease-engine";

import { encodeMessages, insertMessages } from "./insert-messages.ts";
import { callerTransaction, mainFile, type CallerTransaction } from "./transaction.ts";

/** Shorter than a publish may take: who waits for a file that stays locked is to hear of it. */
const lockWaitMs = 20_000;

/** Writes messages in one transaction of ours. */
export async function publishMessages(
  client: SqliteClient,
  messages: readonly RoutedMessage[],
  clock: Clock,
): Promise<void> {
  const encoded = encodeMessages(messages);
  await client.durable.write(() => insertMessages(client.durable, encoded, clock.now()), { waitMs: lockWaitMs });
}

/** Writes messages in a transaction of the caller's, whose commit makes them accepted. @throws SqliteError (`SQLITE_FAILED`), TRANSACTION_UNSUPPORTED */
export function publishInTransaction(
  client: SqliteClient,
  messages: readonly RoutedMessage[],
  { transaction, nowMs }: { readonly transaction: unknown; readonly nowMs: number },
): CallerTransaction {
  const caller = callerTransaction(
    transaction,
    mainFile((sql) => client.durable.statement(sql)),
  );
  const encoded = encodeMessages(messages);
  try {
    insertMessages(caller, encoded, nowMs);
  } catch (error) {
    throw toSqliteError(error, { path: client.durable.path });
  }
  return caller;
}

const shortestWaitMs = 1;
const longestWaitMs = 100;
const patienceMs = 60_000;

/**
 * Calls back once a caller's transaction is over, or after a minute: a commit of somebody else's connection tells nobody. Looks often at first and then seldom; sleepers find
 * later commits by themselves.
 */
export function afterTransaction(caller: CallerTransaction, clock: Clock, done: () => void): Timer {
  const untilMs = clock.monotonic() + patienceMs;
  let waitMs = shortestWaitMs;
  let timer: Timer;
  const arm = (): Timer =>
    clock.timer(
      waitMs,
      () => {
        if (!caller.isOpen() || clock.monotonic() >= untilMs) done();
        else {
          waitMs = Math.min(longestWaitMs, waitMs * 2);
          timer = arm();
        }
      },
      { keepAlive: false },
    );
  timer = arm();
  return { cancel: () => timer.cancel() };
}
