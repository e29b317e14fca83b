import { DeliveryDecorator } from "@lovage/transport";
import type { DeadLetterReason, Delivery, OutgoingMessage, ReleaseOptions } from "@lovage/transport";
import type { Life } from "./life.ts";
import type { SentCalls } from "./sent-calls.ts";

/** A delivery that the dead cannot settle. What is sent with its settlement is noted. */
export class MortalDelivery extends DeliveryDecorator {
  readonly #life: Life;
  readonly #sent: SentCalls;

  constructor(inner: Delivery, { life, sent }: { readonly life: Life; readonly sent: SentCalls }) {
    super(inner);
    this.#life = life;
    this.#sent = sent;
  }

  async ack(followUps: readonly OutgoingMessage[] = []): Promise<void> {
    await this.#life.during(() => this.inner.ack(followUps));
    this.#note(followUps);
  }

  release(options?: ReleaseOptions): Promise<void> {
    return this.#life.during(() => this.inner.release(options));
  }

  async reject(reason: DeadLetterReason, followUps: readonly OutgoingMessage[] = []): Promise<void> {
    await this.#life.during(() => this.inner.reject(reason, followUps));
    this.#note(followUps);
  }

  /** A message that is postponed is sent as a copy of itself. Its call was noted before; a retry has a message of its own. */
  #note(followUps: readonly OutgoingMessage[]): void {
    const { messageId } = this.inner.message.properties;
    this.#sent.note(followUps.filter(({ properties }) => properties.messageId !== messageId));
  }
}
