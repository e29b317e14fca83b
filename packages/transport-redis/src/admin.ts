import { OptionError } from "@lovage/foundation";
import {
  DEAD_LETTER_SUFFIX,
  deadLetterQueueOf,
  deathOf,
  isDeadLetterQueue,
  QueueNotFoundError,
  withoutDeath,
  type BrowsedMessage,
  type BrowseOptions,
  type BrowsePage,
  type Message,
  type MessageSelection,
  type QueueAdmin,
  type QueueStats,
} from "@lovage/transport";

import { unbind } from "./bindings.ts";
import { asTransport } from "./errors.ts";
import { messageGroups } from "./message-groups.ts";
import { readCursor, readPage, writeCursor, type SeenMessage } from "./pages.ts";
import { asList, asNumber, asTexts } from "./replies.ts";
import { removeScript } from "./scripts/browse.ts";
import { deleteScript, purgeScript } from "./scripts/queue.ts";
import { forSelected } from "./select-messages.ts";
import { enlist, runOn, type Server } from "./server.ts";
import { queueStats } from "./stats.ts";

const maxLimit = 1_000;
const flowsPerPurge = 1_000;

/** Queues of a server, looked at and mended. */
export class RedisAdmin implements QueueAdmin {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  list(): Promise<readonly string[]> {
    return asTransport(async () => {
      const names = asTexts(await this.#server.connection().call("SMEMBERS", [this.#server.keys.queues]));
      return names.toSorted();
    });
  }

  inspect(queues: readonly string[]): Promise<readonly QueueStats[]> {
    return asTransport(async () => {
      const stats: QueueStats[] = [];
      // One after the other: between two queues others may go on.
      for (const queue of queues) {
        await this.#require(queue);
        stats.push(await queueStats(this.#server, queue));
      }
      return stats;
    });
  }

  purge(queue: string): Promise<number> {
    return asTransport(async () => {
      await this.#require(queue);
      return await this.#purge(queue);
    });
  }

  delete(queue: string): Promise<void> {
    return asTransport(async () => {
      for (const name of new Set([queue, deadLetterQueueOf(queue)])) {
        // In steps; what comes in between goes with the last one.
        await this.#purge(name);
        await runOn(this.#server, deleteScript, name, []);
      }
      if (isDeadLetterQueue(queue)) return;
      await unbind(this.#server, queue);
      await this.#server.connection().call("SREM", [this.#server.keys.queues, queue]);
    });
  }

  browse(queue: string, options: BrowseOptions = {}): Promise<BrowsePage> {
    return asTransport(async () => {
      const { state = "ready", limit = 100, cursor } = options;
      checkLimit(limit);
      await this.#require(queue);
      const from = cursor === undefined ? undefined : readCursor(cursor, state);
      const page = await readPage(this.#server, { queue, state, from, limit });
      const messages = page.messages.map((seen) => describe(queue, seen));
      return page.next === undefined ? { messages } : { messages, next: writeCursor(page.next) };
    });
  }

  replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    const home = deadLetterQueue.slice(0, -DEAD_LETTER_SUFFIX.length);
    return this.#remove(deadLetterQueue, selection, (message) => ({
      ...withoutDeath(message),
      to: deathOf(message)?.queue ?? home,
    }));
  }

  drop(queue: string, selection: MessageSelection): Promise<number> {
    return this.#remove(queue, selection, () => undefined);
  }

  /** Takes messages away and publishes what `next` makes of them, in one step. */
  #remove(
    queue: string,
    selection: MessageSelection,
    next: (message: Message) => (Message & { readonly to: string }) | undefined,
  ): Promise<number> {
    return asTransport(async () => {
      await this.#require(queue);
      return await forSelected(this.#server, { queue, selection }, async (messages) => {
        const args = messages.flatMap(({ stored, state, message }) => {
          const routed = next(message);
          const groups = routed === undefined ? [] : messageGroups(this.#server.keys, [routed], this.#server.nowMs());
          return [stored, state === "delayed" ? "d" : "", groups.length, ...groups];
        });
        const [removed, made] = asList(await runOn(this.#server, removeScript, queue, args));
        await enlist(this.#server, made);
        return asNumber(removed);
      });
    });
  }

  async #purge(queue: string): Promise<number> {
    for (let total = 0; ;) {
      const [removed, isMore] = asList(await runOn(this.#server, purgeScript, queue, [flowsPerPurge]));
      total += asNumber(removed);
      if (isMore === 0) return total;
    }
  }

  async #require(queue: string): Promise<void> {
    const found = await this.#server.connection().call("EXISTS", [this.#server.keys.base(queue)]);
    if (found === 0) throw new QueueNotFoundError(queue);
  }
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return;
  throw new OptionError(`limit must be a whole number from 1 to ${maxLimit}; it is ${limit}.`, { field: "limit" });
}

function describe(queue: string, { message, state, losses, atMs }: SeenMessage): BrowsedMessage {
  const death = isDeadLetterQueue(queue) ? deathOf(message) : undefined;
  return {
    queue,
    message,
    state,
    count: losses + 1,
    ...(atMs === undefined ? {} : { dueAtMs: atMs }),
    ...(death === undefined ? {} : { death }),
  };
}
