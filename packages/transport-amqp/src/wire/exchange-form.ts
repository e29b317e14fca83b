import type { Channel } from "@lovage/client-amqp";
import { checkName, OptionError, quoteValue } from "@lovage/foundation";
import type { Binding, ExchangeDeclaration } from "@lovage/transport";

import { checkShortText } from "./header-table.ts";

const exchangeTypes: readonly string[] = ["direct", "topic", "fanout"];

/** @throws OPTION_INVALID */
export function checkRoutingKey(key: unknown): void {
  if (typeof key !== "string") throw new OptionError("A routing key is a text.", { field: "routingKey" });
  checkShortText("routingKey", key);
}

/** @throws NAME_INVALID, OPTION_INVALID */
export function checkExchange({ name, type }: ExchangeDeclaration): void {
  checkName(name, { kind: "exchange" });
  if (exchangeTypes.includes(type)) return;
  throw new OptionError(`Exchange "${name}" must be of type direct, topic or fanout, not ${quoteValue(type)}.`, {
    field: "type",
  });
}

/** Makes an exchange, or finds it as it is declared. @throws AmqpError */
export async function assertExchange(channel: Channel, { name, type }: ExchangeDeclaration): Promise<void> {
  await channel.assertExchange(name, type, { durable: true });
}

/** @throws AmqpError */
export async function assertBinding(channel: Channel, { queue, exchange, routingKey = "" }: Binding): Promise<void> {
  await channel.bindQueue(queue, exchange, routingKey);
}
