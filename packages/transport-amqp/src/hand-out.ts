import type { Log } from "@lovage/foundation";
import type { ConsumeOptions, Delivery } from "@lovage/transport";

import { asError } from "./as-error.ts";
import type { AmqpDelivery } from "./delivery.ts";
import type { OwnSettlements } from "./own-settlements.ts";
import type { Sorter } from "./sorter.ts";

/** What a {@link HandOut} works with. */
export interface HandOutParts extends Pick<ConsumeOptions, "queue" | "onDelivery" | "onExhausted"> {
  readonly sorter: Pick<Sorter, "isExhausted">;
  readonly own: Pick<OwnSettlements, "watch">;
  readonly log: Log;
}

/** Gives deliveries to whom a consumer was made for. */
export class HandOut {
  readonly #parts: HandOutParts;

  constructor(parts: HandOutParts) {
    this.#parts = parts;
  }

  give(delivery: AmqpDelivery): void {
    const { queue, onDelivery, onExhausted, sorter, own, log } = this.#parts;
    try {
      if (!sorter.isExhausted(delivery.marks)) onDelivery(delivery);
      else if (onExhausted !== undefined) onExhausted(delivery);
      else this.#rejectAsPoison(delivery);
    } catch (error) {
      // The contract forbids it; one bad message must not cost the rest.
      log.error(`A consumer of queue "${queue}" threw on a delivery, which is given back.`, {
        error: asError(error).message,
      });
      own.watch(delivery.release());
    }
  }

  #rejectAsPoison(delivery: Delivery): void {
    const losses = delivery.count - 1;
    const detail = `Lost ${losses} times without being settled: its consumer crashed, was killed or lost its connection each time.`;
    this.#parts.log.error(
      `Message ${delivery.message.properties.messageId} of queue "${this.#parts.queue}" is dead-lettered as poison.`,
      { losses },
    );
    this.#parts.own.watch(delivery.reject({ reason: "poison", detail }));
  }
}
