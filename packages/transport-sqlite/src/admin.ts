import type { SqliteClient, SqliteConnection } from "@lovage/client-sqlite";
import { browseRows, forSelectedRows, type SeenRow } from "@lovage/lease-engine";
import {
  deadLetterQueueOf,
  isDeadLetterQueue,
  QueueNotFoundError,
  replayOf,
  type BrowseOptions,
  type BrowsePage,
  type MessageSelection,
  type QueueAdmin,
  type QueueStats,
} from "@lovage/transport";

import { asTransport } from "./errors.ts";
import { encodeMessages, insertMessages } from "./insert-messages.ts";
import { pagesOf } from "./pages.ts";
import { promoteDue } from "./promote.ts";
import { findQueue, type QueueRow } from "./queue-row.ts";
import { removeQueue, removeWaiting } from "./remove-messages.ts";
import { queueStats } from "./stats.ts";

/** What administration works with. */
export interface AdminContext {
  readonly client: () => SqliteClient;
  readonly nowMs: () => number;
  /** Tells sleepers that a queue has new messages. */
  readonly announce: (queue: string) => void;
}

/** Queues of a file, looked at and mended. */
export class SqliteAdmin implements QueueAdmin {
  readonly #context: AdminContext;

  constructor(context: AdminContext) {
    this.#context = context;
  }

  list(): Promise<readonly string[]> {
    return asTransport(async () => {
      const db = this.#db();
      const rows = await db.read(() => db.statement("SELECT name FROM lovage_queues ORDER BY name").all());
      return rows.map((row) => String(row["name"])).filter((name) => !isDeadLetterQueue(name));
    });
  }

  inspect(queues: readonly string[]): Promise<readonly QueueStats[]> {
    return asTransport(async () => {
      const stats: QueueStats[] = [];
      // One after the other: counting a large queue takes time, and between two queues others may go on.
      for (const name of queues) {
        const queue = await this.#find(name);
        stats.push(await this.#db().read(() => queueStats(this.#db(), queue, this.#context.nowMs())));
      }
      return stats;
    });
  }

  purge(queue: string): Promise<number> {
    return asTransport(async () => removeWaiting(this.#db(), await this.#find(queue)));
  }

  delete(queue: string): Promise<void> {
    return asTransport(async () => {
      await removeQueue(this.#db(), queue);
      if (!isDeadLetterQueue(queue)) await removeQueue(this.#db(), deadLetterQueueOf(queue));
    });
  }

  browse(queue: string, options: BrowseOptions = {}): Promise<BrowsePage> {
    return asTransport(async () => {
      const found = await this.#find(queue);
      // What is due is shown as ready, as it would be delivered; a page never shows more than one step makes ready.
      await this.#db().write(() => promoteDue(this.#db(), found, this.#context.nowMs()));
      return browseRows(queue, pagesOf(this.#db(), found), options);
    });
  }

  replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    return asTransport(async () => {
      const queue = await this.#find(deadLetterQueue);
      return forSelectedRows(pagesOf(this.#db(), queue), selection, (rows) => this.#move(queue, rows));
    });
  }

  drop(name: string, selection: MessageSelection): Promise<number> {
    return asTransport(async () => {
      const queue = await this.#find(name);
      const db = this.#db();
      return forSelectedRows(pagesOf(db, queue), selection, (rows) =>
        db.write(() => rows.filter((row) => remove(db, row)).length),
      );
    });
  }

  async #move(from: QueueRow, rows: readonly SeenRow[]): Promise<number> {
    const db = this.#db();
    const moved = await db.write(() => {
      const taken = rows.filter((row) => remove(db, row));
      const replayed = encodeMessages(taken.map(({ message }) => replayOf(message, from.name)));
      insertMessages(db, replayed, this.#context.nowMs());
      return replayed.map(({ message }) => message.to);
    });
    for (const queue of new Set(moved)) this.#context.announce(queue);
    return moved.length;
  }

  #db(): SqliteConnection {
    return this.#context.client().durable;
  }

  async #find(name: string): Promise<QueueRow> {
    const db = this.#db();
    const queue = await db.read(() => findQueue(db, name));
    if (queue === undefined) throw new QueueNotFoundError(name);
    return queue;
  }
}

/** Whether it was still there, in the state in which it was seen. */
function remove(db: SqliteConnection, { id, state }: SeenRow): boolean {
  return db.statement("DELETE FROM lovage_messages WHERE id = ? AND state = ?").run(id, state).changes === 1;
}
