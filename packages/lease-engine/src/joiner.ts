import type { Clock, Timer } from "@lovage/foundation";

import type { Gathering } from "./store.ts";

/** How entries are joined and sent. */
export interface JoinerOptions<Entry> {
  /** How many batches may be under way at once. */
  readonly maxInFlight: number;
  /** Largest weight of a batch; a single entry may weigh more. */
  readonly maxWeight: number;
  readonly weigh: (entry: Entry) => number;
  /** An entry that is not ready holds back those behind it, so that order is kept. Call `pump` when it has become ready. */
  readonly isReady: (entry: Entry) => boolean;
  /** One that is not ready holds back nobody. @default false */
  readonly isUnordered?: boolean;
  /** Deals with a batch to its end: every entry learns its fate in here. Must not reject. */
  readonly send: (batch: readonly Entry[]) => Promise<void>;
  /** Holds back small batches. @default a lone entry goes out at once */
  readonly gathering?: Gathering & { readonly clock: Clock };
  /**
   * Entries come many in one turn of the event loop: they leave together when it ends, and in the midst of it once as many wait as this says for the latest of them.
   * @default a lone entry goes out at once
   */
  readonly midTurnSize?: (entry: Entry) => number;
}

interface Flight<Entry> {
  readonly batch: readonly Entry[];
  isOver: boolean;
}

/**
 * Joins calls into batches without making a lone call wait: it goes out in the same tick, later ones gather until a batch
 * returns and leave together. They leave on `process.nextTick`, which is after all promise callbacks of the returned batch, so
 * that what those callers send next travels with it.
 */
export class Joiner<Entry> {
  readonly #options: JoinerOptions<Entry>;
  readonly #flights = new Set<Flight<Entry>>();
  #waiting: Entry[] = [];
  #isScheduled = false;
  #gathering: Timer | undefined;
  /** What was gathered long enough goes out although it is little. */
  #isGathered = false;

  constructor(options: JoinerOptions<Entry>) {
    this.#options = options;
  }

  add(entry: Entry): void {
    const { midTurnSize, maxInFlight } = this.#options;
    this.#waiting.push(entry);
    if (midTurnSize === undefined) {
      if (!this.#isScheduled) this.pump();
    } else if (this.#flights.size < maxInFlight) {
      if (this.#waiting.length >= midTurnSize(entry)) this.pump();
      else this.#schedule();
    }
  }

  /** Sends what may go out now. */
  pump(): void {
    while (this.#waiting.length > 0 && this.#flights.size < this.#options.maxInFlight) {
      if (this.#gathersOn()) return;
      const batch = this.#take();
      if (batch.length === 0) return;
      this.#launch(batch);
    }
  }

  /** Visits what waits (`isUnderWay` false) and what is under way (true). */
  forEach(visit: (entry: Entry, isUnderWay: boolean) => void): void {
    for (const entry of this.#waiting) visit(entry, false);
    for (const { batch } of this.#flights) for (const entry of batch) visit(entry, true);
  }

  /** Lets go of entries whose fate is sealed, so that an answer that never comes does not hold back all others. */
  forget(isSealed: (entry: Entry) => boolean): void {
    this.#waiting = this.#waiting.filter((entry) => !isSealed(entry));
    if (this.#waiting.length === 0) this.#endGathering();
    for (const flight of this.#flights) if (flight.batch.every((entry) => isSealed(entry))) this.#land(flight);
  }

  /** Whether there is too little yet, and time to wait for more. */
  #gathersOn(): boolean {
    const { gathering } = this.#options;
    if (gathering === undefined || this.#isGathered || this.#waiting.length >= gathering.size) return false;
    this.#gathering ??= gathering.clock.timer(gathering.ms, () => {
      this.#gathering = undefined;
      this.#isGathered = true;
      this.pump();
    });
    return true;
  }

  #take(): readonly Entry[] {
    const { maxWeight, weigh, isReady, gathering, isUnordered = false } = this.#options;
    this.#endGathering();
    if (isUnordered) this.#letReadyPass();
    let weight = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      if (!isReady(entry)) break;
      weight += weigh(entry);
      if (count > 0 && weight > maxWeight) break;
      count += 1;
    }
    if (gathering !== undefined && count > gathering.size) count -= count % gathering.size;
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  #letReadyPass(): void {
    const { isReady } = this.#options;
    if (this.#waiting.every((entry) => isReady(entry))) return;
    const unready = this.#waiting.filter((entry) => !isReady(entry));
    this.#waiting = [...this.#waiting.filter((entry) => isReady(entry)), ...unready];
  }

  #endGathering(): void {
    this.#isGathered = false;
    this.#gathering?.cancel();
    this.#gathering = undefined;
  }

  #launch(batch: readonly Entry[]): void {
    const flight: Flight<Entry> = { batch, isOver: false };
    this.#flights.add(flight);
    const land = (): void => this.#land(flight);
    this.#options.send(batch).then(land, land);
  }

  #land(flight: Flight<Entry>): void {
    if (flight.isOver) return;
    flight.isOver = true;
    this.#flights.delete(flight);
    // Those whose calls were joined call again in a moment: the first of them must not go alone and hold back the rest.
    if (this.#waiting.length > 0 || flight.batch.length > 1) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.pump();
    });
  }
}
