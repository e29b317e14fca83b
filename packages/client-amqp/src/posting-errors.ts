import { AmqpError } from "./amqp-error.ts";
import type { Letter } from "./publish-on.ts";

/** No queue takes it. */
export function unroutable({ exchange, routingKey, properties }: Letter): AmqpError {
  const to = exchange === "" ? `queue "${routingKey}"` : `exchange "${exchange}" with key "${routingKey}"`;
  return new AmqpError(`No queue took message ${properties.messageId ?? "?"} for ${to}.`, { kind: "unroutable" });
}

/** A negative confirm. */
export function refused({ exchange, routingKey, properties }: Letter): AmqpError {
  const to = exchange === "" ? `queue "${routingKey}"` : `a queue behind exchange "${exchange}"`;
  return new AmqpError(
    `RabbitMQ refused message ${properties.messageId ?? "?"} for ${to}: the queue has no leader for now, or is at its length limit.`,
    { kind: "refused" },
  );
}

/** The channel ended before its confirm. */
export function unconfirmed({ properties }: Letter, why: string): AmqpError {
  const text = `The connection to RabbitMQ ended before it confirmed message ${properties.messageId ?? "?"}: ${why}`;
  return new AmqpError(text, { kind: "broken" });
}

/** The server has ended the channel because of it, and would each time. */
export function forbidden({ exchange, routingKey, properties }: Letter, cause: Error): AmqpError {
  const to = exchange === "" ? `queue "${routingKey}"` : `exchange "${exchange}"`;
  const isDenied = (cause as { readonly code?: unknown }).code === 403;
  const advice = isDenied
    ? "Let its user write there."
    : "If it is too large, raise max_message_size of the server, or lower maxMessageBytes.";
  return new AmqpError(
    `RabbitMQ does not take message ${properties.messageId ?? "?"} for ${to}: ${cause.message}. ${advice}`,
    { kind: isDenied ? "denied" : "other", cause },
  );
}
