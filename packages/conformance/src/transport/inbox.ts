import type { Connection, Consumer, Delivery } from "@lovage/transport";
import { idOf } from "./message-spec.ts";

/** What one consumer was handed, in order. */
export class Inbox {
  readonly connection: Connection;
  /** All deliveries so far. */
  readonly deliveries: Delivery[] = [];
  /** When each came, by the clock's monotonic time. */
  readonly atMs: number[] = [];
  readonly #wait: (condition: () => boolean, what: string, withinMs?: number) => Promise<void>;
  #consumer: Consumer | undefined;
  #taken = 0;

  constructor(connection: Connection, wait: (condition: () => boolean, what: string, ms?: number) => Promise<void>) {
    this.connection = connection;
    this.#wait = wait;
  }

  get consumer(): Consumer {
    if (this.#consumer === undefined)
      throw new Error("A delivery came before `consume` resolved, and the case did not expect it.");
    return this.#consumer;
  }

  /** Told once, when `consume` has resolved. */
  attach(consumer: Consumer): void {
    this.#consumer = consumer;
  }

  get ids(): string[] {
    return this.deliveries.map((delivery) => idOf(delivery));
  }

  /** The next delivery that was not taken yet. */
  async next(withinMs?: number): Promise<Delivery> {
    const index = this.#taken;
    this.#taken += 1;
    await this.#wait(() => this.deliveries.length > index, `delivery number ${index + 1}`, withinMs);
    const delivery = this.deliveries[index];
    if (delivery === undefined) throw new Error("unreachable: the wait ended without a delivery");
    return delivery;
  }

  /** The next so many deliveries. */
  async take(count: number, withinMs?: number): Promise<Delivery[]> {
    const taken: Delivery[] = [];
    while (taken.length < count) taken.push(await this.next(withinMs));
    return taken;
  }
}
