import { abortable, UnderWay } from "@lovage/foundation";
import { ClaimCheckUnavailableError, type Message } from "@lovage/transport";

import type { Claims } from "./claims.ts";
import { giveBack } from "../leases/give-back.ts";
import type { Keeping } from "../leases/keep-hidden.ts";
import type { Held } from "../leases/lease-table.ts";
import { isMissedTooOften, missesOf, returnOfMissed } from "./missed-body.ts";

/** A message that is ours, as its consumer gets it. */
export interface Whole {
  readonly held: Held;
  readonly message: Message;
  /** As they count for its consumer. */
  readonly losses: number;
}

/** What was received together and waits for bodies. */
interface Fetching {
  readonly held: readonly Held[];
  readonly signal: AbortSignal | undefined;
  /** Ends the wait. */
  readonly end: () => void;
}

/** Fetches the bodies of messages of one queue that are kept elsewhere, before their consumer gets them. */
export class Bodies {
  readonly #options: Keeping;
  readonly #fetching = new Set<Fetching>();
  readonly #returns = new UnderWay();

  constructor(options: Keeping) {
    this.#options = options;
  }

  /** The messages with their bodies, but for those whose bodies do not come. @param signal Aborts when nobody waits for them: `giveUp` then ends it. */
  async fetch(held: readonly Held[], signal?: AbortSignal): Promise<readonly Whole[]> {
    const { claims } = this.#options.context;
    if (claims === undefined || held.every(({ arrival }) => arrival.claim === undefined)) {
      return held.map((each) => whole(each, each.arrival.message));
    }
    if (signal?.aborted === true) {
      await this.#giveBack(held);
      return [];
    }
    const { promise: ended, resolve } = Promise.withResolvers<readonly Whole[]>();
    const fetching = { held, signal, end: () => resolve([]) };
    this.#fetching.add(fetching);
    try {
      return await Promise.race([this.#redeemAll(claims, held), ended]);
    } finally {
      this.#fetching.delete(fetching);
    }
  }

  /** Puts back, uncounted, what waits for bodies that nobody wants any more. Resolves once that is done. */
  async giveUp({ isAll = false }: { readonly isAll?: boolean } = {}): Promise<void> {
    for (const fetching of this.#fetching) {
      if (!isAll && fetching.signal?.aborted !== true) continue;
      fetching.end();
      void this.#giveBack(fetching.held);
    }
    await this.#returns.overSoFar();
  }

  async #giveBack(held: readonly Held[]): Promise<void> {
    const { context, queue } = this.#options;
    const ours = held.filter((each) => this.#isOurs(each));
    for (const each of ours) context.table.remove(each);
    const returns = ours.map(({ arrival }) => ({ arrival, delayMs: 0, wasDelivered: false }));
    const returned = giveBack(context, queue, returns);
    this.#returns.add(returned);
    await returned;
  }

  #isOurs({ lease }: Held): boolean {
    const { table, clock } = this.#options.context;
    return table.find(lease, clock.monotonic()) !== undefined;
  }

  async #redeemAll(claims: Claims, held: readonly Held[]): Promise<readonly Whole[]> {
    // Those that came with it wait for its body, and each must find its lease with time to renew it.
    const untilMs = Math.min(...held.map(({ endsAtMs }) => endsAtMs)) - this.#options.leaseMs / 4;
    const fetched = await Promise.all(held.map((each) => this.#redeem(claims, each, untilMs)));
    return fetched.filter((each) => each !== undefined);
  }

  /** What is ours no more when its body has come, or has not, is nobody's business here. */
  async #redeem(claims: Claims, held: Held, untilMs: number): Promise<Whole | undefined> {
    try {
      const message = await this.#redeemOne(claims, held, untilMs);
      return this.#isOurs(held) ? whole(held, message) : undefined;
    } catch (error) {
      return this.#isOurs(held) ? await this.#miss(held, error) : undefined;
    }
  }

  async #redeemOne(claims: Claims, { queue, arrival }: Held, untilMs: number): Promise<Message> {
    const { clock } = this.#options.context;
    const reason = new ClaimCheckUnavailableError(
      `A body of queue "${queue}" was not there within three quarters of a lease; it is tried again. Where that is often so, raise lease.`,
    );
    const deadline = clock.deadline(Math.max(0, untilMs - clock.monotonic()), { reason });
    try {
      return await abortable(claims.redeem(arrival), deadline.signal);
    } finally {
      deadline.cancel();
    }
  }

  /** A message whose body cannot be fetched for the moment goes back, uncounted. In the end its consumer gives it up. */
  async #miss(held: Held, error: unknown): Promise<Whole | undefined> {
    const { context, queue } = this.#options;
    const { arrival } = held;
    const { messageId } = arrival.message.properties;
    if (isMissedTooOften(queue, arrival)) {
      context.log.warn(`The body of message ${messageId} could not be fetched too often; it is given up.`, {
        error: String(error),
      });
      return { ...whole(held, arrival.message), losses: Math.max(arrival.losses, missesOf(queue, arrival)) };
    }
    context.log.warn(`The body of message ${messageId} could not be fetched; it is tried again.`, {
      error: String(error),
    });
    context.table.remove(held);
    await giveBack(context, queue, [returnOfMissed(queue, arrival)]);
    return undefined;
  }
}

function whole(held: Held, message: Message): Whole {
  return { held, message, losses: held.arrival.losses };
}
