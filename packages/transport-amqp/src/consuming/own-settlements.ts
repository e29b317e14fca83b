import { errorText, hasCode, type Log } from "@lovage/foundation";

import type { AmqpDelivery } from "./delivery.ts";

/** What {@link OwnSettlements} works with. */
export interface OwnSettlementsParts {
  readonly queue: string;
  readonly log: Log;
  /** Whether there is a channel on which they could succeed. */
  readonly hasChannel: () => boolean;
  /** One has ended. */
  readonly onEnd: () => void;
}

/** Settlements that a consumer makes by itself: nobody waits for them, and where they fail the end of the channel does their work. */
export class OwnSettlements {
  readonly #parts: OwnSettlementsParts;
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: OwnSettlementsParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#underWay.size === 0;
  }

  /** As {@link watch}, of a delivery that nobody else settles: what fails lets it go. */
  watchLast(delivery: Pick<AmqpDelivery, "letGo">, settlement: Promise<void>): void {
    this.watch(orLetGo(delivery, settlement));
  }

  watch(settlement: Promise<void>): void {
    const { queue, log, hasChannel, onEnd } = this.#parts;
    const watched = settlement
      .catch((error: unknown) => {
        if (hasCode(error, ["LEASE_LOST", "DELIVERY_SETTLED", "CLOSED"]) || !hasChannel()) return;
        log.warn(`A message of queue "${queue}" could not be given back.`, { error: errorText(error) });
      })
      .finally(() => {
        this.#underWay.delete(watched);
        onEnd();
      });
    this.#underWay.add(watched);
  }
}

async function orLetGo(delivery: Pick<AmqpDelivery, "letGo">, settlement: Promise<void>): Promise<void> {
  try {
    await settlement;
  } catch (error) {
    delivery.letGo(error);
    throw error;
  }
}
