import { checkBroadcast, checkChannel } from "@lovage/transport";
import type { Broadcast, Message, Subscription } from "@lovage/transport";

/** The store's broadcast for as long as the connection is open; closes with it what was subscribed through it. */
export class GuardedBroadcast implements Broadcast {
  readonly #broadcast: Broadcast;
  readonly #requireOpen: () => void;
  readonly #maxMessageBytes: number;
  readonly #subscriptions = new Set<Subscription>();

  /** @param parts `requireOpen` throws CLOSED. */
  constructor(broadcast: Broadcast, parts: { readonly requireOpen: () => void; readonly maxMessageBytes: number }) {
    this.#broadcast = broadcast;
    this.#requireOpen = parts.requireOpen;
    this.#maxMessageBytes = parts.maxMessageBytes;
  }

  async publish(channel: string, message: Message): Promise<void> {
    this.#requireOpen();
    checkBroadcast(channel, message, this.#maxMessageBytes);
    await this.#broadcast.publish(channel, message);
  }

  async subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription> {
    this.#requireOpen();
    checkChannel(channel);
    const inner = await this.#broadcast.subscribe(channel, listener);
    const subscription: Subscription = {
      close: async () => {
        this.#subscriptions.delete(subscription);
        await inner.close();
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#subscriptions].map((subscription) => subscription.close()));
  }
}
