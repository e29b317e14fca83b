import type { Message } from "./message.ts";

/** A listener that can be taken away. */
export interface Subscription {
  /** Idempotent. No call of the listener begins after it resolves. */
  close(): Promise<void>;
}

/** Messages to every live subscriber, best effort: nothing is kept for those who are away. */
export interface Broadcast {
  /**
   * Resolves once the broker has taken it. Order is kept per publisher.
   * @throws NAME_INVALID for a channel whose name is none of an exchange, OPTION_INVALID, MESSAGE_TOO_LARGE over the connection's `maxMessageBytes`; before any I/O (`checkBroadcast`)
   */
  publish(channel: string, message: Message): Promise<void>;
  /** Resolves once every message published from now on is heard. `listener` must not throw. @throws NAME_INVALID */
  subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription>;
}
