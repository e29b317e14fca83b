import { defineStatement } from "@lovage/client-postgres";
import { browseRows, forSelectedRows, type SeenRow } from "@lovage/lease-engine";
import {
  deadLetterQueueOf,
  isDeadLetterQueue,
  replayOf,
  type BrowseOptions,
  type BrowsePage,
  type MessageSelection,
  type QueueAdmin,
  type QueueStats,
} from "@lovage/transport";

import type { Database } from "./database.ts";
import { asTransport } from "./errors.ts";
import { messageBatch, queuesOf } from "./message-batch.ts";
import { pagesOf } from "./pages.ts";
import { promoteDue } from "./promote.ts";
import { requireQueue } from "./queue-row.ts";
import { removeQueue, removeSeen, removeWaiting } from "./remove-messages.ts";
import { queueStats } from "./stats.ts";

/** Queues of a schema, looked at and mended. */
export class PostgresAdmin implements QueueAdmin {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): Promise<readonly string[]> {
    const { client, statements } = this.#database;
    const statement = defineStatement(`SELECT name FROM ${statements.schema}.queues WHERE NOT deleted ORDER BY name`);
    return asTransport(async () => {
      const rows = await client().query(statement, [], { repeatable: true });
      return rows.map(([name]) => name ?? "").filter((name) => !isDeadLetterQueue(name));
    });
  }

  inspect(queues: readonly string[]): Promise<readonly QueueStats[]> {
    return asTransport(async () => {
      const stats: QueueStats[] = [];
      for (const name of queues) {
        stats.push(await queueStats(this.#database, await requireQueue(this.#database, name)));
      }
      return stats;
    });
  }

  purge(queue: string): Promise<number> {
    return asTransport(async () => removeWaiting(this.#database, await requireQueue(this.#database, queue)));
  }

  delete(queue: string): Promise<void> {
    return asTransport(async () => {
      await removeQueue(this.#database, queue);
      if (!isDeadLetterQueue(queue)) await removeQueue(this.#database, deadLetterQueueOf(queue));
    });
  }

  browse(queue: string, options: BrowseOptions = {}): Promise<BrowsePage> {
    return asTransport(async () => {
      const found = await requireQueue(this.#database, queue);
      // What is due is shown as ready, as it would be delivered; a page never shows more than one step makes ready.
      await promoteDue(this.#database, found);
      return browseRows(queue, pagesOf(this.#database, found), options);
    });
  }

  replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    return asTransport(async () => {
      const queue = await requireQueue(this.#database, deadLetterQueue);
      return forSelectedRows(pagesOf(this.#database, queue), selection, (rows) => this.#replay(deadLetterQueue, rows));
    });
  }

  drop(name: string, selection: MessageSelection): Promise<number> {
    return asTransport(async () => {
      const queue = await requireQueue(this.#database, name);
      const { client, statements } = this.#database;
      const remove = async (rows: readonly SeenRow[]): Promise<number> =>
        (await removeSeen(client(), statements.schema, rows)).length;
      return forSelectedRows(pagesOf(this.#database, queue), selection, remove);
    });
  }

  #replay(deadLetterQueue: string, rows: readonly SeenRow[]): Promise<number> {
    const { client, statements } = this.#database;
    return client().transaction(async (session) => {
      const taken = await removeSeen(session, statements.schema, rows);
      if (taken.length === 0) return 0;
      const replayed = taken.map(({ message }) => replayOf(message, deadLetterQueue));
      await session.query(statements.publish, [...messageBatch(replayed), [...queuesOf(replayed)]]);
      return taken.length;
    });
  }
}
