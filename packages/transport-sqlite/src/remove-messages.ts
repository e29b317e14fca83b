import type { SqliteConnection } from "@lovage/client-sqlite";

import { messageState } from "./message-state.ts";
import { findQueue, type QueueRow } from "./queue-row.ts";
import type { Statements } from "./statements.ts";

/** Few enough for other programs to come in between. */
const batchSize = 2_000;

const readySql =
  "DELETE FROM lovage_messages WHERE id IN (SELECT id FROM lovage_messages WHERE queue = ? AND state = 2 ORDER BY urgency, key LIMIT ?)";
const heldSql =
  "DELETE FROM lovage_messages WHERE id IN (SELECT id FROM lovage_messages WHERE queue = ? AND state = ? AND state > 2 ORDER BY at LIMIT ?)";

/** Removes what waits in a queue; tells how many. */
export async function removeWaiting(db: SqliteConnection, queue: QueueRow): Promise<number> {
  const states = [messageState.ready, messageState.suspect, messageState.delayed];
  let removed = 0;
  for (let last = batchSize; last === batchSize; removed += last) {
    last = await db.write(() => removeBatch(db, queue.id, states));
  }
  return removed;
}

/** Removes a queue with its messages and bindings. The queue goes in the same step as its last message. */
export async function removeQueue(db: SqliteConnection, name: string): Promise<void> {
  let isGone = false;
  while (!isGone) {
    isGone = await db.write(() => {
      const queue = findQueue(db, name);
      if (queue === undefined) return true;
      if (removeBatch(db, queue.id, Object.values(messageState)) === batchSize) return false;
      db.statement("DELETE FROM lovage_bindings WHERE queue = ?").run(name);
      db.statement("DELETE FROM lovage_queues WHERE id = ?").run(queue.id);
      return true;
    });
  }
}

function removeBatch(db: Statements, queue: number, states: readonly number[]): number {
  let removed = 0;
  for (const state of states) {
    const left = batchSize - removed;
    const { changes } =
      state === messageState.ready
        ? db.statement(readySql).run(queue, left)
        : db.statement(heldSql).run(queue, state, left);
    removed += Number(changes);
  }
  return removed;
}
