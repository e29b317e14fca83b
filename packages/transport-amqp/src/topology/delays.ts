import type { CallChannel } from "@lovage/client-amqp";
import type { Clock } from "@lovage/foundation";
import type { ExchangeAddress } from "@lovage/transport";

import { CeleryLadder } from "../delays/celery-ladder.ts";
import type { DeclaredTopology } from "./declared-topology.ts";
import { DelayLadder } from "../delays/delay-ladder.ts";
import type { DelayRoute } from "../delays/delay-route.ts";

/**
 * Chooses how a message is delayed:
 *
 * | it goes to | by |
 * |---|---|
 * | a quorum queue that Celery reads, in a second or more | Celery's ladder, which Celery's workers have made for such queues and use themselves |
 * | anything else | our own ladder |
 */
export class Delays {
  readonly #topology: Pick<DeclaredTopology, "formOf">;
  readonly #own: DelayLadder;
  readonly #celery: CeleryLadder;

  constructor(calls: CallChannel, topology: Pick<DeclaredTopology, "formOf">, clock: Pick<Clock, "monotonic">) {
    this.#topology = topology;
    this.#own = new DelayLadder(calls, clock);
    this.#celery = new CeleryLadder(calls, clock);
  }

  /** The broker may be another one, or empty: make everything again when it is needed. */
  forget(): void {
    this.#own.forget();
    this.#celery.forget();
  }

  /** A queue was deleted, and what leads to it. */
  forgetQueue(queue: string): void {
    this.#own.forgetQueue(queue);
    this.#celery.forgetQueue(queue);
  }

  /** @param delayMs More than 0. */
  route(to: string | ExchangeAddress, delayMs: number): DelayRoute {
    if (typeof to !== "string" || !CeleryLadder.suits(to, delayMs)) return this.#own.route(to, delayMs);
    const ladder = CeleryLadder.suitsQueue({ ...this.#topology.formOf(to), name: to }) ? this.#celery : this.#own;
    return ladder.route(to, delayMs);
  }
}
