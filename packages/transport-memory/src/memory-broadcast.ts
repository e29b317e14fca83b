import type { Broadcast, Message, Subscription } from "@lovage/transport";

import type { MemoryBroker } from "./memory-broker.ts";

/** Messages to every listener of a channel in this process, at once. */
export class MemoryBroadcast implements Broadcast {
  readonly #broker: () => MemoryBroker;

  constructor(broker: () => MemoryBroker) {
    this.#broker = broker;
  }

  async publish(channel: string, message: Message): Promise<void> {
    for (const listener of this.#broker().channels.get(channel) ?? []) listener(message);
  }

  async subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription> {
    const { channels } = this.#broker();
    const listeners = channels.get(channel) ?? new Set();
    channels.set(channel, listeners);
    // A function of our own: the same listener may subscribe twice.
    const hear = (message: Message): void => listener(message);
    listeners.add(hear);
    return {
      close: async () => {
        listeners.delete(hear);
        if (listeners.size === 0 && channels.get(channel) === listeners) channels.delete(channel);
      },
    };
  }
}
