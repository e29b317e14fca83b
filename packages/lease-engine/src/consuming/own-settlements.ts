import { errorText, hasCode, UnderWay, type Log } from "@lovage/foundation";

import type { LeaseDelivery } from "../delivery.ts";

/** What {@link OwnSettlements} works with. */
export interface OwnSettlementsParts {
  readonly queue: string;
  readonly log: Log;
}

/** Settlements that a consumer makes by itself: nobody waits for them, and where they fail the end of the lease does their work. */
export class OwnSettlements {
  readonly #parts: OwnSettlementsParts;
  readonly #underWay = new UnderWay();

  constructor(parts: OwnSettlementsParts) {
    this.#parts = parts;
  }

  watch(delivery: LeaseDelivery, settlement: Promise<void>): void {
    const { queue, log } = this.#parts;
    const watched = settlement.catch((error: unknown) => {
      if (hasCode(error, ["LEASE_LOST", "DELIVERY_SETTLED"])) return;
      log.warn(`A message of queue "${queue}" could not be settled; it comes again.`, { error: errorText(error) });
      delivery.lose(error);
    });
    this.#underWay.add(watched);
  }

  /** Resolves once none is under way. */
  over(): Promise<void> {
    return this.#underWay.over();
  }
}
