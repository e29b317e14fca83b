import type { SqliteConnection } from "@lovage/client-sqlite";
import { readStoredFrame, type RowPageRequest, type RowPages, type RowPlace, type SeenRow } from "@lovage/lease-engine";

import { messageState } from "./message-state.ts";
import type { QueueRow } from "./queue-row.ts";

const columns = "SELECT id, urgency, key, place, at, losses, frame FROM lovage_messages";
const readySql = `${columns} WHERE queue = ? AND state = 2 AND (urgency, key, place, id) > (?, ?, ?, ?) ORDER BY urgency, key, place, id LIMIT ?`;
const heldSql = `${columns} WHERE queue = ? AND state = ? AND state > 2 AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?`;

/** The messages of a queue, page by page. */
export function pagesOf(db: SqliteConnection, queue: QueueRow): RowPages {
  return { states: messageState, read: (request) => readPage(db, queue, request) };
}

function readPage(
  db: SqliteConnection,
  queue: QueueRow,
  { state, after = [-1, "", 0, 0], limit }: RowPageRequest,
): Promise<readonly SeenRow[]> {
  const isReady = state === messageState.ready;
  return db.read(() => {
    const rows = isReady
      ? db.statement(readySql).all(queue.id, ...after, limit)
      : db.statement(heldSql).all(queue.id, state, after[0], after[3], limit);
    return rows.map((row) => {
      const id = Number(row["id"]);
      const atMs = Number(row["at"]);
      const place: RowPlace = isReady
        ? [Number(row["urgency"]), String(row["key"]), Number(row["place"]), id]
        : [atMs, "", 0, id];
      const message = readStoredFrame(id, row["frame"] as Uint8Array);
      return { id, state, atMs, losses: Number(row["losses"]), message, place };
    });
  });
}
