import type { SqliteConnection } from "@lovage/client-sqlite";
import { OptionError } from "@lovage/foundation";
import {
  deathOf,
  isDeadLetterQueue,
  type BrowsedMessage,
  type BrowseOptions,
  type BrowsePage,
  type MessageState,
} from "@lovage/transport";

import { readCursor, readPage, statesOf, writeCursor, type SeenMessage } from "./pages.ts";
import type { QueueRow } from "./queue-row.ts";

const maxLimit = 1_000;

/** One page of a queue, seen without being delivered. */
export async function browseQueue(db: SqliteConnection, queue: QueueRow, options: BrowseOptions): Promise<BrowsePage> {
  const { state = "ready", limit = 100, cursor } = options;
  checkLimit(limit);
  const seen = await readStates(db, queue, { states: statesOf[state], limit: limit + 1, cursor });
  const messages = seen.slice(0, limit).map((one) => describe(queue.name, state, one));
  const last = seen[limit - 1];
  // One more than asked for tells that there is another page.
  return seen.length > limit && last !== undefined ? { messages, next: writeCursor(last) } : { messages };
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return;
  throw new OptionError(`limit must be a whole number from 1 to ${maxLimit}; it is ${limit}.`, { field: "limit" });
}

async function readStates(
  db: SqliteConnection,
  queue: QueueRow,
  { states, limit, cursor }: { states: readonly SeenMessage["state"][]; limit: number; cursor: string | undefined },
): Promise<SeenMessage[]> {
  const from = cursor === undefined ? undefined : readCursor(cursor);
  const first = from === undefined ? 0 : states.indexOf(from.state);
  const seen: SeenMessage[] = [];
  for (const state of states.slice(Math.max(0, first))) {
    const after = state === from?.state ? from.place : undefined;
    if (seen.length < limit) {
      seen.push(...(await readPage(db, { queue: queue.id, state, after, limit: limit - seen.length })));
    }
  }
  return seen;
}

function describe(queue: string, state: MessageState, { message, losses, atMs }: SeenMessage): BrowsedMessage {
  const death = isDeadLetterQueue(queue) ? deathOf(message) : undefined;
  return {
    queue,
    message,
    state,
    count: losses + 1,
    ...(state === "ready" ? {} : { dueAtMs: atMs }),
    ...(death === undefined ? {} : { death }),
  };
}
