import type { Held } from "./lease-table.ts";
import { keepHidden, type Keeping } from "./keep-hidden.ts";
import { putBack } from "./put-back.ts";

interface Parked {
  readonly held: Held;
  readonly sinceMs: number;
}

/** How long a worker may make room for a suspect before another has a go. */
const parkMs = 60_000;
/** Soon, but not so soon that it comes round in circles while the other one runs. */
const returnMs = 1_000;
const defaultSuspectAfter = 2;

/**
 * Suspects that were received and wait for this worker to be empty. SQS cannot be asked for them apart, so they are kept hidden here for a
 * while. Before one of them runs the others go back, so that it can do them no harm.
 */
export class Suspects {
  readonly #options: Keeping;
  #parked: Parked[] = [];
  #suspectAfter = defaultSuspectAfter;

  constructor(options: Keeping) {
    this.#options = options;
  }

  get wait(): boolean {
    return this.#parked.length > 0;
  }

  /** How many losses make a suspect. */
  setLimit(suspectAfter: number): void {
    this.#suspectAfter = suspectAfter;
  }

  /** Keeps the suspects among what was received; gives the others. */
  sortOut(received: readonly Held[]): readonly Held[] {
    const sinceMs = this.#options.context.clock.monotonic();
    const [suspects, others] = [[], []] as [Held[], Held[]];
    for (const held of received) (held.arrival.losses >= this.#suspectAfter ? suspects : others).push(held);
    for (const held of suspects) this.#parked.push({ held, sinceMs });
    return others;
  }

  /** One of them, for a worker that is empty now. */
  async take(): Promise<Held | undefined> {
    this.#dropEnded();
    const next = this.#parked.shift();
    await this.#giveBack(this.#parked.splice(0));
    return next?.held;
  }

  /** Keeps them hidden, but not for ever. */
  async sweep(): Promise<void> {
    const { context } = this.#options;
    this.#dropEnded();
    if (this.#parked.length === 0) return;
    const nowMs = context.clock.monotonic();
    const [old, young] = [[], []] as [Parked[], Parked[]];
    for (const each of this.#parked) (nowMs - each.sinceMs >= parkMs ? old : young).push(each);
    this.#parked = young;
    await this.#giveBack(old);
    await keepHidden(
      this.#options,
      young.map(({ held }) => held),
    );
  }

  async close(): Promise<void> {
    await this.#giveBack(this.#parked.splice(0));
  }

  #dropEnded(): void {
    const { table, clock } = this.#options.context;
    const nowMs = clock.monotonic();
    this.#parked = this.#parked.filter(({ held }) => table.find(held.lease, nowMs) !== undefined);
  }

  async #giveBack(parked: readonly Parked[]): Promise<void> {
    if (parked.length === 0) return;
    const { context, queue } = this.#options;
    for (const { held } of parked) context.table.remove(held);
    const returns = parked.map(({ held }) => ({ arrival: held.arrival, delayMs: returnMs, wasDelivered: false }));
    await putBack(context, await context.directory.require(queue), returns);
  }
}
