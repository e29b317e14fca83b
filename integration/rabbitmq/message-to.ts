import type { OutgoingMessage } from "@lovage/transport";

/** A small message whose body is its id. */
export function messageTo(to: string, id: string): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from(id) };
}
