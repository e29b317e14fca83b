import type { KnownQueue } from "../queues/queue-directory.ts";

/** A FIFO queue that nobody has to look for. */
export const fifoQueue: KnownQueue = {
  queue: "q.fifo",
  sqsName: "q.fifo",
  url: "http://localhost/q.fifo",
  isFifo: true,
  maxBytes: 1_000,
  group: undefined,
  isShared: false,
};
