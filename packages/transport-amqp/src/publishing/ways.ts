import { isAmqpError, type CallChannel } from "@lovage/client-amqp";
import type { ExchangeAddress } from "@lovage/transport";

import type { DelayRoute } from "../delays/delay-route.ts";
import { toTransportError } from "../errors.ts";
import type { DeclaredTopology } from "../topology/declared-topology.ts";
import type { Delays } from "../topology/delays.ts";
import type { Parcel } from "../wire/parcel.ts";

/** What {@link Ways} work with. */
export interface WaysParts {
  readonly calls: CallChannel;
  readonly topology: Pick<DeclaredTopology, "hasExchange" | "redeclare" | "redeclareExchange">;
  readonly delays: Delays;
}

/** A message, and the ladder that it goes by if it is delayed. */
export interface Passage {
  /** Its place in the call. */
  readonly index: number;
  readonly parcel: Parcel;
  readonly route: DelayRoute | undefined;
}

/** Whether what messages are published to is there, on this session, and how it is made. */
export class Ways {
  readonly #parts: WaysParts;
  /** Exchanges that were seen on this session: publishing to one that is not there costs the channel. */
  readonly #exchanges = new Set<string>();
  /** Exchanges that may be gone: a message for them was on its way when the channel ended. */
  readonly #doubtful = new Set<string>();

  constructor(parts: WaysParts) {
    this.#parts = parts;
  }

  /** Goes on over a new session. */
  forget(): void {
    this.#exchanges.clear();
    this.#doubtful.clear();
  }

  /** An exchange exists. */
  note(exchange: string): void {
    this.#exchanges.add(exchange);
  }

  isDoubtful(exchange: string): boolean {
    return this.#doubtful.has(exchange);
  }

  passageOf(index: number, parcel: Parcel): Passage {
    const { to, delayMs } = parcel;
    return { index, parcel, route: delayMs > 0 ? this.#parts.delays.route(to, delayMs) : undefined };
  }

  isReady({ parcel: { to }, route }: Passage): boolean {
    if (typeof to !== "string" && !this.#isThere(to.exchange)) return false;
    return route === undefined || route.isMade();
  }

  /** To publish to an exchange that was deleted costs the channel, and all that is on its way over it: once, and not for each message. */
  doubt({ parcel: { to }, route }: Passage): void {
    if (typeof to !== "string") this.#doubtful.add(to.exchange);
    if (route !== undefined) this.#parts.delays.forget();
  }

  /**
   * Makes what a message needs.
   * @returns false when that was not wanted any more once its turn came
   * @throws MESSAGE_UNROUTABLE for an exchange that does not exist, AmqpError
   */
  async prepare(passage: Passage, isWanted: () => boolean): Promise<boolean> {
    if (this.isReady(passage)) return true;
    if (!isWanted()) return false;
    const { parcel, route } = passage;
    if (typeof parcel.to !== "string" && !this.#isThere(parcel.to.exchange)) await this.#look(parcel.to);
    return route === undefined || (await this.#makeRoute(parcel, route, isWanted));
  }

  #isThere(exchange: string): boolean {
    if (this.#doubtful.has(exchange)) return false;
    return this.#parts.topology.hasExchange(exchange) || this.#exchanges.has(exchange);
  }

  /** Here it shows that a queue is gone: as for a message without a delay, one that was declared here is made again, once. */
  async #makeRoute({ to }: Parcel, route: DelayRoute, isWanted: () => boolean): Promise<boolean> {
    try {
      return await route.make(isWanted);
    } catch (error) {
      if (typeof to !== "string" || !isAmqpError(error) || error.kind !== "missing") throw error;
      await this.#parts.topology.redeclare(to);
      return await route.make(isWanted);
    }
  }

  async #look(to: ExchangeAddress): Promise<void> {
    const { exchange } = to;
    const { calls, topology } = this.#parts;
    try {
      if (topology.hasExchange(exchange)) await topology.redeclareExchange(exchange);
      else await calls.call(`looking for exchange "${exchange}"`, (channel) => channel.checkExchange(exchange));
      this.#exchanges.add(exchange);
      this.#doubtful.delete(exchange);
    } catch (error) {
      throw toTransportError(error, { to });
    }
  }
}
