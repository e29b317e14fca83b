import { rest, type Clock } from "@lovage/foundation";

import type { Arrival, ConsumerChannel } from "./consumer-channel.ts";

/** What {@link LetGo} works with. */
export interface LetGoParts {
  readonly clock: Clock;
  /** One more or less is kept. */
  readonly onChange: () => void;
}

/** For so long what could not be settled is kept before it goes back: nobody knows better by then, and it would go round in circles. */
const letGoMs = 10_000;

/** What a consumer could settle in no way and holds no longer. It goes back after a while; to the broker it is unsettled until then. */
export class LetGo {
  readonly #parts: LetGoParts;
  readonly #arrivals = new Set<Arrival>();

  constructor(parts: LetGoParts) {
    this.#parts = parts;
  }

  add(arrival: Arrival): void {
    this.#arrivals.add(arrival);
    this.#parts.onChange();
    void this.#giveBackLater(arrival);
  }

  /** How many of them the broker counts for the consumers of a channel: of so many its cap is short. */
  countOn(channel: ConsumerChannel): number {
    let count = 0;
    for (const arrival of this.#arrivals) if (arrival.channel === channel && arrival.slot !== undefined) count += 1;
    return count;
  }

  /** Never rejects. */
  async #giveBackLater(arrival: Arrival): Promise<void> {
    await rest(this.#parts.clock, letGoMs, arrival.channel.leaving);
    this.#arrivals.delete(arrival);
    this.#parts.onChange();
    arrival.channel.giveBack(arrival);
  }
}
