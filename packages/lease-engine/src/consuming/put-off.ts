import { backOff, type Clock, type Timer } from "@lovage/foundation";

/** What can be put off. */
export interface Postponable {
  /** How often it was put off. */
  timesPutOff: number;
}

const waits = { baseMs: 20, maxMs: 1_000, jitter: "equal" } as const;

/**
 * Settlements that wait beside the line until they are tried again, all of them together: where each had a wait of its own, a worker that holds a thousand of them
 * would ask the store a thousand times a second.
 */
export class PutOff<Entry extends Postponable> {
  readonly #clock: Clock;
  readonly #again: (entry: Entry) => void;
  #waiting: Entry[] = [];
  #timer: Timer | undefined;

  /** @param again Takes each back into the line. */
  constructor(clock: Clock, again: (entry: Entry) => void) {
    this.#clock = clock;
    this.#again = again;
  }

  add(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    let times = 0;
    for (const entry of entries) {
      times = Math.max(times, entry.timesPutOff);
      entry.timesPutOff += 1;
      this.#waiting.push(entry);
    }
    this.#timer ??= this.#clock.timer(backOff(waits, times), () => this.#end());
  }

  forEach(visit: (entry: Entry) => void): void {
    this.#waiting.forEach(visit);
  }

  /** Lets go of entries whose fate is sealed. */
  forget(isSealed: (entry: Entry) => boolean): void {
    this.#waiting = this.#waiting.filter((entry) => !isSealed(entry));
    if (this.#waiting.length === 0) this.#cancel();
  }

  #end(): void {
    this.#timer = undefined;
    for (const entry of this.#waiting.splice(0)) this.#again(entry);
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
