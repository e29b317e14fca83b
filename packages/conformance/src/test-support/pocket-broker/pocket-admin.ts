import { OptionError } from "@lovage/foundation";
import {
  browsedMessage,
  type BrowseOptions,
  type BrowsePage,
  checkReplay,
  checkSelection,
  deadLetterQueueOf,
  isDeadLetterQueue,
  type MessageSelection,
  type QueueAdmin,
  type QueueStats,
  readBrowseOptions,
  replayOf,
} from "@lovage/transport";
import type { PocketBroker } from "./pocket-broker.ts";
import type { Entry, PocketQueue } from "./pocket-queue.ts";

/** Looks at the queues of a {@link PocketBroker}. `enter` waits until the connection may speak to it. */
export class PocketAdmin implements QueueAdmin {
  readonly #broker: PocketBroker;
  readonly #enter: () => Promise<void>;

  constructor(broker: PocketBroker, enter: () => Promise<void>) {
    this.#broker = broker;
    this.#enter = enter;
  }

  async list(): Promise<readonly string[]> {
    await this.#enter();
    return [...this.#broker.queues.keys()].filter((name) => !isDeadLetterQueue(name)).toSorted();
  }

  async inspect(queues: readonly string[]): Promise<readonly QueueStats[]> {
    await this.#enter();
    return queues.map((name) => this.#statsOf(this.#broker.queue(name)));
  }

  async purge(name: string): Promise<number> {
    await this.#enter();
    const queue = this.#broker.queue(name);
    return removeAll(queue, queue.entries.filter(isWaiting));
  }

  async delete(name: string): Promise<void> {
    await this.#enter();
    this.#broker.queues.delete(name);
    this.#broker.queues.delete(deadLetterQueueOf(name));
    for (const { bindings } of this.#broker.exchanges.values()) {
      bindings.splice(0, Infinity, ...bindings.filter(({ queue }) => queue !== name));
    }
  }

  async browse(name: string, options: BrowseOptions = {}): Promise<BrowsePage> {
    const { state, limit, cursor = "0" } = readBrowseOptions(options);
    if (!/^\d+$/.test(cursor))
      throw new OptionError("cursor must be the `next` of the page before.", { field: "cursor" });
    await this.#enter();
    const rest = this.#broker
      .queue(name)
      .inState(state)
      .filter((entry) => entry.place > Number(cursor));
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    const messages = page.map((entry) =>
      browsedMessage(name, { ...entry, dueAtMs: state === "ready" ? undefined : entry.atMs }),
    );
    return rest.length > page.length && last !== undefined ? { messages, next: String(last.place) } : { messages };
  }

  async replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    await this.#enter();
    checkReplay(deadLetterQueue, selection);
    const dead = this.#broker.queue(deadLetterQueue);
    const chosen = choose(dead, selection);
    this.#broker.accept(chosen.map(({ message }) => replayOf(message, deadLetterQueue)));
    return removeAll(dead, chosen);
  }

  async drop(name: string, selection: MessageSelection): Promise<number> {
    await this.#enter();
    checkSelection(selection);
    const queue = this.#broker.queue(name);
    return removeAll(queue, choose(queue, selection));
  }

  #statsOf(queue: PocketQueue): QueueStats {
    const [ready, delayed, unsettled] = [queue.inState("ready"), queue.inState("delayed"), queue.inState("unsettled")];
    const dead = this.#broker.queues.get(deadLetterQueueOf(queue.name))?.entries.length ?? 0;
    const oldest = Math.min(...ready.map(({ atMs }) => atMs));
    return {
      queue: queue.name,
      ready: ready.length,
      delayed: delayed.length,
      unsettled: unsettled.length,
      dead,
      ...(ready.length > 0 ? { oldestReadyMs: this.#broker.clock.now() - oldest } : {}),
    };
  }
}

function isWaiting({ state }: Entry): boolean {
  return state !== "unsettled";
}

function choose(queue: PocketQueue, selection: MessageSelection): Entry[] {
  const waiting = queue.entries.filter(isWaiting);
  if ("first" in selection) return waiting.slice(0, selection.first);
  return waiting.filter(({ message }) => selection.messageIds.includes(message.properties.messageId));
}

function removeAll(queue: PocketQueue, entries: readonly Entry[]): number {
  for (const entry of entries) queue.remove(entry);
  return entries.length;
}
