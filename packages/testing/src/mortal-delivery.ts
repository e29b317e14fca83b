import type { DeadLetterReason, Delivery, OutgoingMessage, ReleaseOptions } from "@lovage/transport";
import type { Life } from "./life.ts";

/** A delivery that the dead cannot settle. */
export class MortalDelivery implements Delivery {
  readonly #inner: Delivery;
  readonly #life: Life;

  constructor(inner: Delivery, life: Life) {
    this.#inner = inner;
    this.#life = life;
  }

  get queue(): string {
    return this.#inner.queue;
  }

  get message(): Delivery["message"] {
    return this.#inner.message;
  }

  get token(): string {
    return this.#inner.token;
  }

  get fence(): number {
    return this.#inner.fence;
  }

  get count(): number {
    return this.#inner.count;
  }

  get redelivered(): boolean {
    return this.#inner.redelivered;
  }

  get signal(): AbortSignal {
    return this.#inner.signal;
  }

  ack(followUps?: readonly OutgoingMessage[]): Promise<void> {
    return this.#life.during(() => this.#inner.ack(followUps));
  }

  release(options?: ReleaseOptions): Promise<void> {
    return this.#life.during(() => this.#inner.release(options));
  }

  reject(reason: DeadLetterReason, followUps?: readonly OutgoingMessage[]): Promise<void> {
    return this.#life.during(() => this.#inner.reject(reason, followUps));
  }
}
