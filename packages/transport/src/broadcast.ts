import type { Message } from "./message.ts";

/** A listener that can be taken away. */
export interface Subscription {
  /** Idempotent. No call of the listener begins after it resolves. */
  close(): Promise<void>;
}

/** Messages to every live subscriber, best effort: nothing is kept for those who are away. */
export interface Broadcast {
  /** Resolves once the broker has taken it. Order is kept per publisher. */
  publish(channel: string, message: Message): Promise<void>;
  /** Resolves once every message published from now on is heard. `listener` must not throw. */
  subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription>;
}
