import {
  browsedMessage,
  deadLetterQueueOf,
  isDeadLetterQueue,
  readBrowseOptions,
  replayOf,
  type BrowseOptions,
  type BrowsePage,
  type MessageSelection,
  type MessageState,
  type QueueAdmin,
  type QueueStats,
} from "@lovage/transport";

import { isBehind, placeOf, readCursor, writeCursor } from "./browse-cursor.ts";
import type { MemoryBroker } from "./memory-broker.ts";
import type { MemoryQueue } from "./memory-queue.ts";
import type { StoredMessage } from "./stored-message.ts";

/** Looks at the queues of a broker and mends them. */
export class MemoryAdmin implements QueueAdmin {
  readonly #broker: () => MemoryBroker;

  constructor(broker: () => MemoryBroker) {
    this.#broker = broker;
  }

  async list(): Promise<readonly string[]> {
    return this.#broker().queueNames.filter((name) => !isDeadLetterQueue(name));
  }

  async inspect(queues: readonly string[]): Promise<readonly QueueStats[]> {
    return queues.map((name) => this.#statsOf(name));
  }

  async purge(name: string): Promise<number> {
    const queue = this.#broker().require(name);
    const waiting = waitingIn(queue);
    queue.remove(waiting);
    return waiting.length;
  }

  async delete(name: string): Promise<void> {
    this.#broker().delete(name);
  }

  async browse(name: string, options: BrowseOptions = {}): Promise<BrowsePage> {
    const { state, limit, cursor } = readBrowseOptions(options);
    const from = cursor === undefined ? undefined : readCursor(cursor, state);
    const all = this.#broker().require(name).list(state);
    const rest = from === undefined ? all : all.filter((stored) => isBehind(placeOf(stored, state), from));
    const page = rest.slice(0, limit);
    const messages = page.map((stored) =>
      browsedMessage(name, { ...stored, state, dueAtMs: this.#dueAtMs(stored, state) }),
    );
    const last = page.at(-1);
    const isLast = last === undefined || page.length === rest.length;
    return isLast ? { messages } : { messages, next: writeCursor(placeOf(last, state), state) };
  }

  async replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    const broker = this.#broker();
    const moved = this.#take(deadLetterQueue, selection);
    const origins = new Set<string>();
    for (const { message } of moved) {
      const { to, ...replayed } = replayOf(message, deadLetterQueue);
      broker.store(to, replayed, broker.clock.monotonic());
      origins.add(to);
    }
    for (const origin of origins) broker.wake(origin);
    return moved.length;
  }

  async drop(name: string, selection: MessageSelection): Promise<number> {
    return this.#take(name, selection).length;
  }

  #take(name: string, selection: MessageSelection): readonly StoredMessage[] {
    const queue = this.#broker().require(name);
    const waiting = waitingIn(queue);
    const taken =
      "first" in selection
        ? waiting.slice(0, Math.max(0, selection.first))
        : waiting.filter(({ message }) => selection.messageIds.includes(message.properties.messageId));
    queue.remove(taken);
    return taken;
  }

  #statsOf(name: string): QueueStats {
    const broker = this.#broker();
    const queue = broker.require(name);
    const oldestAtMs = queue.list("ready").reduce((oldest, { atMs }) => Math.min(oldest, atMs), Infinity);
    const age =
      oldestAtMs < Infinity ? { oldestReadyMs: Math.max(0, Math.floor(broker.clock.monotonic() - oldestAtMs)) } : {};
    return {
      queue: name,
      ready: queue.count("ready"),
      delayed: queue.count("delayed"),
      unsettled: queue.count("unsettled"),
      dead: broker.find(deadLetterQueueOf(name))?.count("ready") ?? 0,
      ...age,
    };
  }

  #dueAtMs({ atMs }: StoredMessage, state: MessageState): number | undefined {
    const { clock } = this.#broker();
    return state === "ready" ? undefined : Math.round(clock.now() + atMs - clock.monotonic());
  }
}

function waitingIn(queue: MemoryQueue): readonly StoredMessage[] {
  return [...queue.list("ready"), ...queue.list("delayed")];
}
