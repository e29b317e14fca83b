import type { Broadcast, Message, Subscription } from "@lovage/transport";

/** The store's broadcast for as long as the connection is open; closes with it what was subscribed through it. */
export class GuardedBroadcast implements Broadcast {
  readonly #broadcast: Broadcast;
  readonly #requireOpen: () => void;
  readonly #subscriptions = new Set<Subscription>();

  /** @param requireOpen throws CLOSED */
  constructor(broadcast: Broadcast, requireOpen: () => void) {
    this.#broadcast = broadcast;
    this.#requireOpen = requireOpen;
  }

  async publish(channel: string, message: Message): Promise<void> {
    this.#requireOpen();
    await this.#broadcast.publish(channel, message);
  }

  async subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription> {
    this.#requireOpen();
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
