import type { Arrival } from "./consumer-channel.ts";
import type { OwnSettlements } from "./own-settlements.ts";
import type { Sorted, Sorter } from "./sorter.ts";
import type { UnsettledOriginals } from "./unsettled-originals.ts";

/** What an {@link Intake} works with. */
export interface IntakeParts {
  readonly sorter: Pick<Sorter, "sort">;
  readonly originals: UnsettledOriginals;
  /** Counts what waits here, so that the consumer is not taken for idle. */
  readonly own: Pick<OwnSettlements, "watch">;
  readonly onSorted: (arrival: Arrival, sorted: Sorted, source: string) => void;
}

/** Where a consumer takes in what arrives: sorted, and not before the delivery that it follows is settled. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** @param source The queue it came from. */
  take(arrival: Arrival, source: string): void {
    const { sorter, originals, own, onSorted } = this.#parts;
    const sorted = sorter.sort(arrival.raw, source);
    const settled = originals.settled(sorted.message.properties.messageId);
    if (settled === undefined) onSorted(arrival, sorted, source);
    else own.watch(this.#takeAfter(settled, arrival, source));
  }

  async #takeAfter(settled: Promise<void>, arrival: Arrival, source: string): Promise<void> {
    await settled;
    // What a channel has taken with it comes again over another.
    if (!arrival.channel.hasEnded) this.take(arrival, source);
  }
}
