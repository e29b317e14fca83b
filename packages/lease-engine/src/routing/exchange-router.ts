import { OptionError } from "@lovage/foundation";
import type { Binding, ExchangeAddress, ExchangeDeclaration } from "@lovage/transport";
import { MessageUnroutableError } from "@lovage/transport";

import { queuesFor } from "./queues-for.ts";
import { requireExchangeType } from "./require-exchange-type.ts";
import type { BindingStore } from "../store.ts";

interface Exchange {
  readonly exchange: ExchangeDeclaration;
  readonly bindings: readonly Binding[];
}

/**
 * Finds the queues behind exchanges. Where the store keeps bindings, they are read for every batch that needs them, so that what another program
 * has just bound counts at once; elsewhere they live in this process.
 */
export class ExchangeRouter {
  readonly #stored: BindingStore | undefined;
  /** What this connection declared. */
  readonly #own = new Map<string, Exchange>();

  constructor(stored: BindingStore | undefined) {
    this.#stored = stored;
  }

  /** @throws TOPOLOGY_MISMATCH; OPTION_INVALID when a binding names an exchange that does not exist */
  async bind(exchanges: readonly ExchangeDeclaration[], bindings: readonly Binding[]): Promise<void> {
    for (const exchange of exchanges) this.#checkType(exchange);
    for (const { exchange } of bindings) {
      const isNew = exchanges.some(({ name }) => name === exchange);
      if (isNew || (await this.#read(exchange)) !== undefined) continue;
      throw new OptionError(`A binding names the exchange "${exchange}", which was not declared.`, {
        field: "bindings",
      });
    }
    await this.#stored?.bind(exchanges, bindings);
    this.#remember(exchanges, bindings);
  }

  /** The queues of one message. @throws MESSAGE_UNROUTABLE */
  async route({ exchange, routingKey }: ExchangeAddress): Promise<readonly string[]> {
    const found = await this.#read(exchange);
    const queues = found === undefined ? [] : queuesFor(found.exchange, found.bindings, routingKey);
    if (queues.length === 0) throw new MessageUnroutableError(exchange, routingKey);
    return queues;
  }

  /** Binds everything again, for a store that may have forgotten it. */
  async restore(): Promise<void> {
    if (this.#stored === undefined || this.#own.size === 0) return;
    const known = [...this.#own.values()];
    await this.#stored.bind(
      known.map(({ exchange }) => exchange),
      known.flatMap(({ bindings }) => bindings),
    );
  }

  /** Drops the bindings of a deleted queue. */
  forget(queue: string): void {
    for (const [name, { exchange, bindings }] of this.#own) {
      this.#own.set(name, { exchange, bindings: bindings.filter((binding) => binding.queue !== queue) });
    }
  }

  async #read(name: string): Promise<Exchange | undefined> {
    return this.#stored === undefined ? this.#own.get(name) : await this.#stored.read(name);
  }

  #checkType(exchange: ExchangeDeclaration): void {
    const known = this.#own.get(exchange.name)?.exchange;
    if (known !== undefined) requireExchangeType(exchange, known.type);
  }

  #remember(exchanges: readonly ExchangeDeclaration[], bindings: readonly Binding[]): void {
    for (const exchange of exchanges)
      if (!this.#own.has(exchange.name)) this.#own.set(exchange.name, { exchange, bindings: [] });
    for (const binding of bindings) {
      const known = this.#own.get(binding.exchange);
      // A binding to an exchange that somebody else declared is that program's to restore.
      if (known === undefined || known.bindings.some((other) => isSame(other, binding))) continue;
      this.#own.set(known.exchange.name, { ...known, bindings: [...known.bindings, binding] });
    }
  }
}

function isSame(a: Binding, b: Binding): boolean {
  return a.queue === b.queue && (a.routingKey ?? "") === (b.routingKey ?? "");
}
