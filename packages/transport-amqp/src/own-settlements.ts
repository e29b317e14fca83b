import { hasCode, type Log } from "@lovage/foundation";

import { asError } from "./as-error.ts";

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

  watch(settlement: Promise<void>): void {
    const { queue, log, hasChannel, onEnd } = this.#parts;
    const watched = settlement
      .catch((error: unknown) => {
        if (hasCode(error, ["LEASE_LOST", "DELIVERY_SETTLED", "CLOSED"]) || !hasChannel()) return;
        log.warn(`A message of queue "${queue}" could not be given back.`, { error: asError(error).message });
      })
      .finally(() => {
        this.#underWay.delete(watched);
        onEnd();
      });
    this.#underWay.add(watched);
  }
}
