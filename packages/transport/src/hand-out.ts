import { errorText, type Log } from "@lovage/foundation";

import type { ConsumeOptions } from "./consumer.ts";
import type { Delivery } from "./delivery.ts";

/** What a {@link HandOut} works with. */
export interface HandOutParts<Own extends Delivery> extends Pick<
  ConsumeOptions,
  "queue" | "onDelivery" | "onExhausted"
> {
  readonly maxDeliveries: number;
  /** What the consumer holds a delivery by, and loses it with, in the words of a dead letter's detail, such as `its lease`. */
  readonly heldBy: string;
  readonly log: Log;
  /** Sees to it that a settlement ends well: nobody else waits for it. Must not throw. */
  readonly watch: (delivery: Own, settlement: Promise<void>) => void;
}

/** Gives deliveries to whom a consumer was made for, by the rules of {@link ConsumeOptions}. For drivers. */
export class HandOut<Own extends Delivery> {
  readonly #parts: HandOutParts<Own>;

  constructor(parts: HandOutParts<Own>) {
    this.#parts = parts;
  }

  give(delivery: Own): void {
    const { queue, maxDeliveries, onDelivery, onExhausted, log, watch } = this.#parts;
    try {
      if (delivery.count <= maxDeliveries) onDelivery(delivery);
      else if (onExhausted !== undefined) onExhausted(delivery);
      else this.#rejectAsPoison(delivery);
    } catch (error) {
      // The contract forbids it; one bad message must not cost the rest of its batch.
      log.error(`A consumer of queue "${queue}" threw on a delivery, which is given back.`, {
        error: errorText(error),
      });
      watch(delivery, delivery.release());
    }
  }

  #rejectAsPoison(delivery: Own): void {
    const { queue, heldBy, log, watch } = this.#parts;
    const { messageId } = delivery.message.properties;
    const losses = delivery.count - 1;
    log.error(`Message ${messageId} of queue "${queue}" is dead-lettered as poison.`, { losses });
    const detail = `Lost ${losses} times without being settled: its consumer crashed, was killed or lost ${heldBy} each time.`;
    watch(delivery, delivery.reject({ reason: "poison", detail }));
  }
}
