import type { DeadLetterReason, Delivery, ReleaseOptions } from "./delivery.ts";
import type { Message, OutgoingMessage } from "./message.ts";

/** For decorators of a transport: tells what the delivery within tells. How it is settled is the decorator's. */
export abstract class DeliveryDecorator implements Delivery {
  protected readonly inner: Delivery;

  constructor(inner: Delivery) {
    this.inner = inner;
  }

  get queue(): string {
    return this.inner.queue;
  }

  get message(): Message {
    return this.inner.message;
  }

  get token(): string {
    return this.inner.token;
  }

  get fence(): number {
    return this.inner.fence;
  }

  get copyId(): string | undefined {
    return this.inner.copyId;
  }

  get count(): number {
    return this.inner.count;
  }

  get redelivered(): boolean {
    return this.inner.redelivered;
  }

  get signal(): AbortSignal {
    return this.inner.signal;
  }

  abstract ack(followUps?: readonly OutgoingMessage[]): Promise<void>;
  abstract release(options?: ReleaseOptions): Promise<void>;
  abstract reject(reason: DeadLetterReason, followUps?: readonly OutgoingMessage[]): Promise<void>;
}
