import { queuesFor } from "@lovage/lease-engine";
import {
  deadLetterQueueOf,
  MessageUnroutableError,
  QueueNotDeclaredError,
  type Binding,
  type ExchangeAddress,
  type ExchangeDeclaration,
  type OutgoingMessage,
  type QueueDeclaration,
  type Topology,
} from "@lovage/transport";

import type { Database } from "./database.ts";
import { asTransport } from "./errors.ts";

/** Where a message goes, as the outbox writes it. */
export function destinationOf(to: OutgoingMessage["to"]): string {
  return JSON.stringify(typeof to === "string" ? to : [to.exchange, to.routingKey]);
}

/** What {@link destinationOf} was given. */
export function addressOf(destination: string): OutgoingMessage["to"] {
  const read = JSON.parse(destination) as string | readonly [string, string];
  return typeof read === "string" ? read : { exchange: read[0], routingKey: read[1] };
}

/**
 * What was declared on this connection. It is written down for relays before the first call to a destination, because these run in other programs
 * and must declare the same before they publish.
 */
export class Destinations {
  readonly #queues = new Map<string, QueueDeclaration>();
  readonly #exchanges = new Map<string, ExchangeDeclaration>();
  readonly #bindings = new Map<string, Binding>();
  readonly #recorded = new Set<string>();

  /** Remembers what the broker has accepted. */
  remember({ queues = [], exchanges = [], bindings = [] }: Topology): void {
    for (const queue of queues) this.#queues.set(queue.name, queue);
    for (const exchange of exchanges) this.#exchanges.set(exchange.name, exchange);
    for (const binding of bindings) {
      this.#bindings.set(JSON.stringify([binding.exchange, binding.queue, binding.routingKey]), binding);
    }
    this.#recorded.clear();
  }

  /** @throws QUEUE_NOT_DECLARED */
  require(to: OutgoingMessage["to"]): void {
    if (typeof to !== "string" || this.#queues.has(to)) return;
    for (const name of this.#queues.keys()) if (deadLetterQueueOf(name) === to) return;
    throw new QueueNotDeclaredError(to);
  }

  /** The messages, those to exchanges once for each queue that is bound here. @throws MESSAGE_UNROUTABLE */
  route(batch: readonly OutgoingMessage[]): readonly OutgoingMessage[] {
    const routed: OutgoingMessage[] = [];
    for (const message of batch) {
      const queues = typeof message.to === "string" ? [message.to] : this.#queuesOf(message.to);
      for (const to of queues) routed.push({ ...message, to });
    }
    return routed;
  }

  /** Writes down what these destinations need, in a transaction of its own; most times it has been before. @throws TRANSPORT_UNAVAILABLE */
  async record({ client, statements }: Database, addresses: readonly OutgoingMessage["to"][]): Promise<void> {
    const missing = new Map<string, Topology>();
    for (const to of addresses) {
      const name = topologyName(to);
      if (!this.#recorded.has(name)) missing.set(name, this.#topologyOf(to));
    }
    if (missing.size === 0) return;
    const texts = [...missing.values()].map((topology) => JSON.stringify(topology));
    const values = [[...missing.keys()], texts];
    await asTransport(() => client.query(statements.recordTopologies, values, { repeatable: true }));
    for (const name of missing.keys()) this.#recorded.add(name);
  }

  #topologyOf(to: OutgoingMessage["to"]): Topology {
    if (typeof to === "string") return { queues: this.#declarationsOf([to]) };
    const exchange = this.#exchanges.get(to.exchange);
    const bindings = this.#bindingsOf(to.exchange);
    return {
      queues: this.#declarationsOf(bindings.map(({ queue }) => queue)),
      exchanges: exchange === undefined ? [] : [exchange],
      bindings,
    };
  }

  #queuesOf({ exchange: name, routingKey }: ExchangeAddress): readonly string[] {
    const exchange = this.#exchanges.get(name);
    const queues = exchange === undefined ? [] : queuesFor(exchange, this.#bindingsOf(name), routingKey);
    if (queues.length === 0) throw new MessageUnroutableError(name, routingKey);
    return queues;
  }

  #bindingsOf(exchange: string): readonly Binding[] {
    return [...this.#bindings.values()].filter((binding) => binding.exchange === exchange);
  }

  #declarationsOf(names: readonly string[]): QueueDeclaration[] {
    const origins = names.map((name) => (this.#queues.has(name) ? name : name.replace(/\.dead$/u, "")));
    return [...new Set(origins)].map((name) => this.#queues.get(name) ?? { name });
  }
}

/** Names of queues and exchanges are kept apart. */
export function topologyName(to: OutgoingMessage["to"]): string {
  return typeof to === "string" ? `queue ${to}` : `exchange ${to.exchange}`;
}
