import { OptionError } from "@lovage/foundation";

/** AMQP's limit; it also bounds the time of matching. */
const maxBytes = 255;

/** @throws OPTION_INVALID when a routing or binding key is no text or too long. */
export function checkRoutingKey(key: unknown): void {
  if (typeof key === "string" && key.length <= maxBytes && Buffer.byteLength(key) <= maxBytes) return;
  throw new OptionError(`A routing key is a text of at most ${maxBytes} bytes.`, { field: "routingKey" });
}
