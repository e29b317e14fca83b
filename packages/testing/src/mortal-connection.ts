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
import { MortalConsumer } from "./mortal-consumer.ts";
import { MortalDelivery } from "./mortal-delivery.ts";

/** The connection of a process that can die: nothing is released then, and nothing is heard of it. */
export class MortalConnection implements Connection {
  readonly broadcast?: Broadcast;
  readonly #inner: Connection;
  readonly #life: Life;
  readonly #consumers = new Set<Consumer>();

  constructor(inner: Connection, life: Life) {
    this.#inner = inner;
    this.#life = life;
    if (inner.broadcast !== undefined) this.broadcast = inner.broadcast;
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  get state(): ConnectionState {
    return this.#inner.state;
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

  publish(batch: readonly OutgoingMessage[], options?: PublishOptions): Promise<void> {
    return this.#life.during(() => this.#inner.publish(batch, options));
  }

  consume(options: ConsumeOptions): Promise<Consumer> {
    const { onDelivery, onExhausted } = options;
    const pass = (listener: (delivery: Delivery) => void) => (delivery: Delivery) => {
      if (!this.#life.isOver) listener(new MortalDelivery(delivery, this.#life));
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
