import { ArgumentWriter, asList, asNumber, asTexts } from "@lovage/client-redis";
import {
  browsedMessage,
  deadLetterQueueOf,
  isDeadLetterQueue,
  QueueNotFoundError,
  readBrowseOptions,
  replayOf,
  type BrowseOptions,
  type BrowsePage,
  type Message,
  type MessageSelection,
  type QueueAdmin,
  type QueueStats,
} from "@lovage/transport";

import { unbind } from "./bindings.ts";
import { asTransport } from "./errors.ts";
import { addGroups } from "./message-groups.ts";
import { readCursor, readPage, writeCursor } from "./pages.ts";
import { publishMessages } from "./publish.ts";
import { removeScript } from "./scripts/browse.ts";
import { deleteScript, purgeScript } from "./scripts/queue.ts";
import { forSelected } from "./select-messages.ts";
import { enlist, runOn, type Server } from "./server.ts";
import { queueStats } from "./stats.ts";
import { StepKeys } from "./step-keys.ts";

const flowsPerPurge = 1_000;

type Routed = Message & { readonly to: string };

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
    const { kombu, readers } = this.#server;
    return asTransport(async () => {
      await readers.learn(this.#server.connection(), [queue]);
      for (const name of new Set([queue, deadLetterQueueOf(queue)])) {
        // In steps; what comes in between goes with the last one.
        await this.#purge(name);
        await runOn(this.#server, deleteScript, name, []);
      }
      if (isDeadLetterQueue(queue)) return;
      await unbind(this.#server, queue);
      if (readers.areCelery(queue)) {
        await this.#server.connection().call("SREM", [kombu.bindings(queue), kombu.binding(queue, "", queue)]);
      }
      readers.forget(queue);
      this.#server.enlisted.delete(queue);
      await this.#server.connection().call("SREM", [this.#server.keys.queues, queue]);
    });
  }

  browse(queue: string, options: BrowseOptions = {}): Promise<BrowsePage> {
    return asTransport(async () => {
      const { state, limit, cursor } = readBrowseOptions(options);
      await this.#require(queue);
      const from = cursor === undefined ? undefined : readCursor(cursor, state);
      const page = await readPage(this.#server, { queue, state, from, limit });
      const messages = page.messages.map((seen) => browsedMessage(queue, { ...seen, dueAtMs: seen.atMs }));
      return page.next === undefined ? { messages } : { messages, next: writeCursor(page.next) };
    });
  }

  replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    return this.#remove(deadLetterQueue, selection, (message) => replayOf(message, deadLetterQueue));
  }

  drop(queue: string, selection: MessageSelection): Promise<number> {
    return this.#remove(queue, selection, () => undefined);
  }

  /** Takes messages away and publishes what `next` makes of them, in one step. */
  #remove(queue: string, selection: MessageSelection, next: (message: Message) => Routed | undefined): Promise<number> {
    return asTransport(async () => {
      await this.#require(queue);
      return await forSelected(this.#server, { queue, selection }, async (messages) => {
        const moved = messages.map(({ message }) => next(message));
        const isApart = (routed: Routed | undefined): boolean =>
          routed !== undefined && this.#isElsewhere(routed.to, queue);
        const apart = moved.filter((routed) => routed !== undefined).filter(isApart);
        const targets = moved.flatMap((routed) => routed?.to ?? []);
        await this.#server.readers.learn(this.#server.connection(), targets);
        // Another slot takes them first: a fault in between doubles them rather than losing them.
        if (apart.length > 0) await publishMessages(this.#server, apart);
        const args = new ArgumentWriter();
        const keys = new StepKeys(this.#server, queue);
        for (const [index, { stored, place }] of messages.entries()) {
          const routed = isApart(moved[index]) ? undefined : moved[index];
          args.add(stored);
          args.add(place);
          addGroups(args, this.#server, routed === undefined ? [] : [routed]);
          if (routed !== undefined) keys.addTargets([routed]);
        }
        const [removed, made] = asList(await keys.run(removeScript, args));
        await enlist(this.#server, made);
        return asNumber(removed);
      });
    });
  }

  /** Whether a step cannot touch both queues. */
  #isElsewhere(queue: string, other: string): boolean {
    const { isCluster, keys } = this.#server;
    return isCluster && keys.tagOf(queue) !== keys.tagOf(other);
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
