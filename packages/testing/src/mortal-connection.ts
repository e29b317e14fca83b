import type {
  Broadcast,
  Capabilities,
  CloseOptions,
  Connection,
  ConnectionState,
  ConsumeOptions,
  Consumer,
  Delivery,
  OutgoingMessage,
  PublishOptions,
  QueueAdmin,
  QueueCapabilities,
  Topology,
} from "@lovage/transport";
import type { Life } from "./life.ts";
import type { SentCalls } from "./sent-calls.ts";
import { MortalConsumer } from "./mortal-consumer.ts";
import { MortalDelivery } from "./mortal-delivery.ts";

/** The connection of a process that can die: nothing is released then, and nothing is heard of it. What it sends is noted. */
export class MortalConnection implements Connection {
  readonly broadcast?: Broadcast;
  readonly serverTimeMs?: () => Promise<number>;
  readonly #inner: Connection;
  readonly #life: Life;
  readonly #sent: SentCalls;
  readonly #consumers = new Set<Consumer>();

  constructor(inner: Connection, { life, sent }: { readonly life: Life; readonly sent: SentCalls }) {
    this.#inner = inner;
    this.#life = life;
    this.#sent = sent;
    if (inner.broadcast !== undefined) this.broadcast = inner.broadcast;
    if (inner.serverTimeMs !== undefined) this.serverTimeMs = inner.serverTimeMs.bind(inner);
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  get state(): ConnectionState {
    return this.#inner.state;
  }

  get isRepeating(): boolean {
    return this.#inner.isRepeating ?? false;
  }

  get admin(): QueueAdmin {
    return this.#inner.admin;
  }

  /** Fetches nothing more, for there is nobody to give it to. */
  pause(): void {
    for (const consumer of this.#consumers) consumer.setPrefetch(0);
  }

  capabilitiesOf(queue: string): QueueCapabilities {
    return this.#inner.capabilitiesOf(queue);
  }

  declare(topology: Topology): Promise<void> {
    return this.#life.during(() => this.#inner.declare(topology));
  }

  async publish(batch: readonly OutgoingMessage[], options?: PublishOptions): Promise<void> {
    await this.#life.during(() => this.#inner.publish(batch, options));
    this.#sent.note(batch);
  }

  consume(options: ConsumeOptions): Promise<Consumer> {
    const { onDelivery, onExhausted } = options;
    const pass = (listener: (delivery: Delivery) => void) => (delivery: Delivery) => {
      if (!this.#life.isOver) listener(new MortalDelivery(delivery, { life: this.#life, sent: this.#sent }));
    };
    return this.#life.during(async () => {
      const consumer = await this.#inner.consume({
        ...options,
        onDelivery: pass(onDelivery),
        ...(onExhausted && { onExhausted: pass(onExhausted) }),
      });
      this.#consumers.add(consumer);
      return new MortalConsumer(consumer, this.#life);
    });
  }

  close(options?: CloseOptions): Promise<void> {
    return this.#inner.close(options);
  }
}
