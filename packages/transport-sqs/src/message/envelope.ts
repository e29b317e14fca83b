import { decodeEnvelope, encodeEnvelope } from "@lovage/lease-engine";
import type { Message } from "@lovage/transport";

/**
 * A message as Kombu writes it to SQS: base64 of its envelope. Python's workers read it, and what they publish is read by {@link decodeBody}.
 * @param queue As it is called here, not in SQS: a task that Python's workers retry goes to the queue of this name.
 */
export function encodeBody(message: Message, queue: string): string {
  return Buffer.from(encodeEnvelope(message, { exchange: "", routingKey: queue })).toString("base64");
}

/** The message in the body of a message of SQS. A body that is no envelope is the body of a message without headers. */
export function decodeBody(text: string, id: string): Message {
  return decodeEnvelope(unwrap(text), id) ?? foreign(text, id);
}

/** Kombu reads both forms: JSON as it is, and JSON in base64. */
function unwrap(text: string): string {
  return text.trimStart().startsWith("{") ? text : Buffer.from(text, "base64").toString("utf8");
}

function foreign(text: string, id: string): Message {
  return {
    headers: {},
    properties: { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" },
    body: Buffer.from(text),
  };
}
