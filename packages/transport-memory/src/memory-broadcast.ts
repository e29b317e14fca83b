import type { Broadcast, Message, Subscription } from "@lovage/transport";

import type { MemoryBroker } from "./memory-broker.ts";

/** Messages to every listener of a channel in this process, at once. */
export class MemoryBroadcast implements Broadcast {
  readonly #broker: () => MemoryBroker;

  constructor(broker: () => MemoryBroker) {
    this.#broker = broker;
  }

  async publish(channel: string, message: Message): Promise<void> {
    for (const listener of this.#broker().channels.get(channel)) listener(message);
  }

  async subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription> {
    const { channels } = this.#broker();
    // A function of our own: the same listener may subscribe twice.
    const hear = (message: Message): void => listener(message);
    channels.add(channel, hear);
    return { close: async () => void channels.delete(channel, hear) };
  }
}
