import { OptionError } from "@lovage/foundation";
import type { Capabilities, OutgoingMessage } from "@lovage/transport";
import { checkMessage } from "@lovage/transport";

import { checkRoutingKey } from "./check-routing-key.ts";
import type { DeclaredTopology } from "./declared-topology.ts";
import type { ExchangeRouter } from "./exchange-router.ts";
import type { RoutedMessage } from "../store.ts";

/** A batch whose queues are known. */
export interface RoutedBatch {
  readonly messages: readonly RoutedMessage[];
  /** For each routed message its place in the batch it came from; absent while both are the same. */
  readonly origins?: readonly number[];
}

/** Checks batches before any I/O and finds the queues that their messages go to. */
export class MessageCheck {
  readonly #topology: DeclaredTopology;
  readonly #router: ExchangeRouter;
  readonly #limits: Capabilities;

  constructor(topology: DeclaredTopology, router: ExchangeRouter, limits: Capabilities) {
    this.#topology = topology;
    this.#router = router;
    this.#limits = limits;
  }

  /** How far ahead a delay may lie, in ms. */
  get delayHorizonMs(): number {
    return this.#limits.delayHorizonMs;
  }

  /** Whether the messages of a queue have an order that is to be kept. */
  isOrdered(queue: string): boolean {
    return this.#topology.capabilitiesOf(queue, this.#limits).order !== "none";
  }

  /**
   * Refuses a batch that no store may see.
   * @returns whether queues behind exchanges must be looked up: `route` then does; otherwise the batch is routed as it is.
   * @throws QUEUE_NOT_DECLARED, MESSAGE_TOO_LARGE, OPTION_INVALID
   */
  needsRouting(batch: readonly OutgoingMessage[]): boolean {
    let found = false;
    for (const message of batch) {
      const { to } = message;
      if (typeof to === "string") {
        this.#topology.require(to);
        checkMessage(message, this.#topology.limitsOf(to, this.#limits));
      } else {
        checkAddress(to);
        checkMessage(message, this.#limits);
        found = true;
      }
    }
    return found;
  }

  /** @throws MESSAGE_UNROUTABLE when one message has no queue; then none is to be sent */
  async route(batch: readonly OutgoingMessage[]): Promise<RoutedBatch> {
    const messages: RoutedMessage[] = [];
    const origins: number[] = [];
    for (const [index, message] of batch.entries()) {
      const queues = typeof message.to === "string" ? [message.to] : await this.#router.route(message.to);
      for (const to of queues) {
        // A queue may take less than the connection, and its name was not known before.
        if (typeof message.to !== "string") checkMessage(message, this.#topology.limitsOf(to, this.#limits));
        messages.push({ ...message, to });
        origins.push(index);
      }
    }
    return { messages, origins };
  }
}

function checkAddress(to: unknown): void {
  const { exchange, routingKey } = (to ?? {}) as { readonly exchange?: unknown; readonly routingKey?: unknown };
  if (typeof exchange !== "string") {
    throw new OptionError(`A message goes to the name of a queue or to { exchange, routingKey }.`, { field: "to" });
  }
  checkRoutingKey(routingKey);
}
