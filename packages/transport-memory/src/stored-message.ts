import type { Message } from "@lovage/transport";

/** A message in a queue, with what happened to it. */
export interface StoredMessage {
  /** Order of acceptance over the whole broker; also the id of its leases. */
  readonly seq: number;
  readonly message: Message;
  readonly priority: number;
  /** Flow within the queue; the empty text for messages without a key. */
  readonly key: string;
  losses: number;
  redelivered: boolean;
  isSuspect: boolean;
  /** When it became ready, when it becomes due, or when its lease ends, by the clock's monotonic time. */
  atMs: number;
  /** Fence of the present lease. */
  fence: number;
}
