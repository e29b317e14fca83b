import { defineStatement, type PostgresStatement } from "@lovage/client-postgres";
import type { RowPageRequest, RowPages, RowPlace, SeenRow } from "@lovage/lease-engine";

import type { Database } from "./database.ts";
import { messageState } from "./message-state.ts";
import type { QueueRow } from "./queue-row.ts";
import { readMessage } from "./read-message.ts";

/** The messages of a queue, page by page. */
export function pagesOf(database: Database, queue: QueueRow): RowPages {
  return { states: messageState, read: (request) => readPage(database, queue, request) };
}

async function readPage(
  { client, statements: { schema } }: Database,
  queue: QueueRow,
  { state, after = [-1, "", 0, 0], limit }: RowPageRequest,
): Promise<readonly SeenRow[]> {
  const isReady = state === messageState.ready;
  const values = isReady ? [queue.id, ...after, limit] : [queue.id, after[0], after[3], limit];
  const rows = await client().query(isReady ? readyStatement(schema) : heldStatement(schema, state), values, {
    repeatable: true,
  });
  return rows.map(([idText, urgency, key, placeText, at, losses, frame]) => {
    const id = Number(idText);
    const atMs = Number(at);
    const place: RowPlace = isReady ? [Number(urgency), key ?? "", Number(placeText), id] : [atMs, "", 0, id];
    return { id, state, atMs, losses: Number(losses), message: readMessage(id, frame ?? ""), place };
  });
}

function readyStatement(schema: string): PostgresStatement {
  return defineStatement(
    `SELECT id, urgency, key, place, at, losses, frame FROM ${schema}.messages
       WHERE queue = $1 AND state = 0 AND (urgency, key, place, id) > ($2::smallint, $3::text, $4::bigint, $5::bigint) ORDER BY urgency, key, place, id LIMIT $6`,
  );
}

function heldStatement(schema: string, state: number): PostgresStatement {
  return defineStatement(
    `SELECT id, urgency, key, place, at, losses, frame FROM ${schema}.messages
       WHERE queue = $1 AND state = ${state} AND (at, id) > ($2::bigint, $3::bigint) ORDER BY at, id LIMIT $4`,
  );
}
