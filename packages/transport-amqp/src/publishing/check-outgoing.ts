import { OptionError } from "@lovage/foundation";
import { checkMessage, type OutgoingMessage } from "@lovage/transport";

import type { DeclaredTopology } from "../topology/declared-topology.ts";
import { checkRoutingKey } from "../wire/exchange-form.ts";
import { checkHeaderSize, checkHeaderTable, checkShortText } from "../wire/header-table.ts";

/** What messages are judged by. */
interface CheckContext {
  readonly topology: DeclaredTopology;
  readonly limits: Parameters<typeof checkMessage>[1];
}

/** Refuses what must not be sent. @throws QUEUE_NOT_DECLARED, MESSAGE_TOO_LARGE, OPTION_INVALID */
export function checkOutgoing(message: OutgoingMessage, { topology, limits }: CheckContext): void {
  const { to, properties, headers } = message;
  if (typeof to === "string") topology.require(to);
  else checkAddress(to);
  checkMessage(message, limits);
  if (typeof to === "string" && topology.formOf(to).isReadByCelery) checkHeaderTable(headers, properties.messageId);
  checkHeaderSize(headers, properties.messageId);
  checkShortText("messageId", properties.messageId);
  checkShortText("correlationId", properties.correlationId);
  checkShortText("replyTo", properties.replyTo);
  checkShortText("contentType", properties.contentType);
  checkShortText("contentEncoding", properties.contentEncoding);
}

function checkAddress(to: unknown): void {
  const { exchange, routingKey } = (to ?? {}) as { readonly exchange?: unknown; readonly routingKey?: unknown };
  if (typeof exchange !== "string" || exchange === "") {
    throw new OptionError(`A message goes to the name of a queue or to { exchange, routingKey }.`, { field: "to" });
  }
  checkShortText("exchange", exchange);
  checkRoutingKey(routingKey);
}
