import { requireExchangeType, type BindingStore } from "@lovage/lease-engine";
import type { Binding, ExchangeDeclaration } from "@lovage/transport";

import type { MemoryBroker, MemoryExchange } from "./memory-broker.ts";

/** The exchanges and bindings of a broker. */
export class MemoryBindings implements BindingStore {
  readonly #broker: () => MemoryBroker;

  constructor(broker: () => MemoryBroker) {
    this.#broker = broker;
  }

  async bind(exchanges: readonly ExchangeDeclaration[], bindings: readonly Binding[]): Promise<void> {
    const known = this.#broker().exchanges;
    for (const exchange of exchanges) {
      const there = known.get(exchange.name)?.exchange;
      if (there !== undefined) requireExchangeType(exchange, there.type);
    }
    for (const exchange of exchanges)
      if (!known.has(exchange.name)) known.set(exchange.name, { exchange, bindings: [] });
    for (const binding of bindings) {
      const found = known.get(binding.exchange);
      if (found !== undefined) known.set(binding.exchange, withBinding(found, binding));
    }
  }

  async read(exchange: string): Promise<MemoryExchange | undefined> {
    return this.#broker().exchanges.get(exchange);
  }
}

function withBinding({ exchange, bindings }: MemoryExchange, binding: Binding): MemoryExchange {
  const others = bindings.filter(
    ({ queue, routingKey = "" }) => queue !== binding.queue || routingKey !== (binding.routingKey ?? ""),
  );
  return { exchange, bindings: [...others, binding] };
}
