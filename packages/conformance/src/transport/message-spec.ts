import type { Delivery, Headers, MessageProperties, OutgoingMessage } from "@lovage/transport";

/** What a case says of a message; the rest is filled in. */
export interface MessageSpec extends Partial<Omit<MessageProperties, "messageId">> {
  readonly id: string;
  readonly headers?: Headers;
  readonly body?: Uint8Array;
  readonly notBefore?: OutgoingMessage["notBefore"];
}

/** A message by its id alone, or with what matters to the case. */
export type MessageLike = string | MessageSpec;

/** The message as `publish` takes it. */
export function messageTo(to: OutgoingMessage["to"], like: MessageLike): OutgoingMessage {
  const { id, headers, body, notBefore, ...properties }: MessageSpec = typeof like === "string" ? { id: like } : like;
  return {
    to,
    headers: headers ?? {},
    properties: { contentType: "text/plain", contentEncoding: "utf-8", ...properties, messageId: id },
    body: body ?? new TextEncoder().encode(`body of ${id}`),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}

/** The message id of a delivery. */
export function idOf(delivery: Delivery): string {
  return delivery.message.properties.messageId;
}

/** `prefix-0`, `prefix-1` … */
export function idsOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}
