import type { LeaseConsumer } from "./consumer.ts";
import type { ClaimedMessage } from "../store.ts";
import type { SweepGroup } from "../sweeper.ts";

/** Without a consumer that says otherwise: one loss before the third, which is poison by default. */
const defaultSuspectAfter = 2;

/** All consumers of a connection. Wake-ups go round among those of one queue, so that none of them always comes first. */
export class ConsumerSet {
  readonly #byQueue = new Map<string, LeaseConsumer[]>();

  get all(): readonly LeaseConsumer[] {
    return [...this.#byQueue.values()].flat();
  }

  get isEmpty(): boolean {
    return this.#byQueue.size === 0;
  }

  has(queue: string): boolean {
    return this.#byQueue.has(queue);
  }

  add(consumer: LeaseConsumer): void {
    const consumers = this.#byQueue.get(consumer.queue);
    if (consumers === undefined) this.#byQueue.set(consumer.queue, [consumer]);
    else consumers.push(consumer);
  }

  delete(consumer: LeaseConsumer): void {
    const rest = (this.#byQueue.get(consumer.queue) ?? []).filter((other) => other !== consumer);
    if (rest.length > 0) this.#byQueue.set(consumer.queue, rest);
    else this.#byQueue.delete(consumer.queue);
  }

  /** Messages may be ready in a queue, or in any. */
  wake(queue?: string): void {
    const queues = queue === undefined ? this.#byQueue.values() : [this.#byQueue.get(queue) ?? []];
    for (const consumers of queues) {
      for (const consumer of consumers) consumer.wake();
      const first = consumers.shift();
      if (first !== undefined) consumers.push(first);
    }
  }

  /** Gives messages that the store leased unasked to consumers with room. Returns those that nobody can take. */
  deliver(queue: string, messages: readonly ClaimedMessage[], confirmedAtMs: number): readonly ClaimedMessage[] {
    let rest = messages;
    for (const consumer of this.#byQueue.get(queue) ?? []) {
      const room = consumer.mayClaim() ? consumer.prefetch - consumer.unsettled : 0;
      if (room <= 0 || rest.length === 0) continue;
      consumer.accept(rest.slice(0, room), confirmedAtMs);
      rest = rest.slice(room);
    }
    // What armed the hand-over is used up. What was handed over is started first.
    setImmediate(() => this.wake(queue));
    return rest;
  }

  /** What to sweep: all declared queues and what else is consumed, by the number of losses that makes a suspect. */
  sweepGroups(declared: readonly string[]): readonly SweepGroup[] {
    if (this.isEmpty) return [];
    const groups = new Map<number, string[]>();
    for (const queue of new Set([...declared, ...this.#byQueue.keys()])) {
      const limits = (this.#byQueue.get(queue) ?? []).map(({ maxDeliveries }) => maxDeliveries - 1);
      const suspectAfter = limits.length === 0 ? defaultSuspectAfter : Math.max(1, Math.min(...limits));
      groups.set(suspectAfter, [...(groups.get(suspectAfter) ?? []), queue]);
    }
    return [...groups].map(([suspectAfter, queues]) => ({ suspectAfter, queues }));
  }
}
