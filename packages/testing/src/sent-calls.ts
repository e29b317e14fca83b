import { hasCode } from "@lovage/foundation";
import type { HeaderValue, OutgoingMessage } from "@lovage/transport";
import { decodeTask } from "lovage/internal";

/** A call as it was accepted by the broker: by `delay` and its kin, as a retry, or as what follows another task. */
export interface SentCall {
  readonly taskId: string;
  /** Name of the task. */
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Where it was sent: the queue, or the exchange. */
  readonly queue: string;
  /** How many retries came before; 0 for a first call. */
  readonly retries: number;
  /** How long after it was sent it may start at the earliest, in ms; 0 for at once. */
  readonly delayMs: number;
  /** 0 to 9. */
  readonly priority: number;
  /** Headers of the caller's own. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
}

/** Keeps what was sent, in its order. What is no call of a task is passed over. */
export class SentCalls {
  readonly calls: SentCall[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(messages: readonly OutgoingMessage[]): void {
    for (const message of messages) {
      const call = this.#read(message);
      if (call !== undefined) this.calls.push(call);
    }
  }

  #read(message: OutgoingMessage): SentCall | undefined {
    const { to, notBefore } = message;
    const queue = typeof to === "string" ? to : to.exchange;
    try {
      const { id: taskId, task, args, kwargs, retries, headers } = decodeTask(message);
      const at = notBefore === undefined ? 0 : "inMs" in notBefore ? notBefore.inMs : notBefore.atMs - this.#now();
      const { priority = 0 } = message.properties;
      return { taskId, task, args, kwargs, queue, retries, delayMs: Math.max(0, at), priority, headers };
    } catch (error) {
      if (hasCode(error, "PAYLOAD_DECODE")) return undefined;
      throw error;
    }
  }
}
