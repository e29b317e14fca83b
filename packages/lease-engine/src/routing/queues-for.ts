import type { Binding, ExchangeDeclaration, ExchangeType } from "@lovage/transport";

import { topicMatches } from "./topic-match.ts";

const rules: Readonly<Record<ExchangeType, (bindingKey: string, routingKey: string) => boolean>> = {
  direct: (bindingKey, routingKey) => bindingKey === routingKey,
  fanout: () => true,
  topic: topicMatches,
};

/** The queues that a message of an exchange goes to, each once however many of its bindings match. */
export function queuesFor(
  exchange: ExchangeDeclaration,
  bindings: readonly Binding[],
  routingKey: string,
): readonly string[] {
  const matches = rules[exchange.type];
  const queues = new Set<string>();
  for (const binding of bindings) if (matches(binding.routingKey ?? "", routingKey)) queues.add(binding.queue);
  return [...queues];
}
