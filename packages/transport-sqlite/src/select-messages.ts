import type { SqliteConnection } from "@lovage/client-sqlite";
import type { MessageSelection } from "@lovage/transport";

import { readPage, statesOf, type SeenMessage } from "./pages.ts";
import type { QueueRow } from "./queue-row.ts";

const pageSize = 500;

/**
 * Acts on the waiting messages that were selected, page by page, so that neither the lock nor the event loop is held for long.
 * @param act Deals with these messages in a transaction of its own, and tells how many it found unchanged.
 * @returns How many were dealt with.
 */
export async function forSelected(
  db: SqliteConnection,
  { queue, selection }: { readonly queue: QueueRow; readonly selection: MessageSelection },
  act: (messages: readonly SeenMessage[]) => Promise<number>,
): Promise<number> {
  const ids = "messageIds" in selection ? new Set(selection.messageIds) : undefined;
  const most = "first" in selection ? selection.first : Number.POSITIVE_INFINITY;
  let done = 0;
  for (const state of [...statesOf.ready, ...statesOf.delayed]) {
    let after: SeenMessage["place"] | undefined;
    do {
      const page = await readPage(db, { queue: queue.id, state, after, limit: pageSize });
      after = page.length === pageSize ? page.at(-1)?.place : undefined;
      const chosen = ids === undefined ? page : page.filter(({ message }) => ids.has(message.properties.messageId));
      const allowed = chosen.slice(0, most - done);
      if (allowed.length > 0) done += await act(allowed);
    } while (after !== undefined && done < most);
  }
  return done;
}
