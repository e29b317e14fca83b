import { OptionError } from "@lovage/foundation";
import { MessageTooLargeError } from "./errors.ts";
import { maxJsonBytes } from "./max-json-bytes.ts";
import type { Message, OutgoingMessage } from "./message.ts";

const MAX_KEY_BYTES = 200;

/**
 * Refuses, before any I/O, what no transport may accept: a bad priority, key, message id or `notBefore`, and a message over the limit.
 * Every driver calls it for each message of a batch before it joins the batch with others.
 * @throws OPTION_INVALID, MESSAGE_TOO_LARGE
 */
export function checkMessage(
  message: OutgoingMessage,
  limits: { maxMessageBytes: number; delayHorizonMs: number },
): void {
  const { properties, notBefore } = message;
  if (typeof properties.messageId !== "string" || properties.messageId.length === 0) {
    throw new OptionError(`A message needs a message id, got ${JSON.stringify(properties.messageId)}.`, {
      field: "messageId",
    });
  }
  checkPriority(properties.priority);
  checkKey(properties.key);
  if (notBefore !== undefined) checkNotBefore(notBefore, limits.delayHorizonMs);
  checkSize(message, limits.maxMessageBytes);
}

function checkPriority(priority: number | undefined): void {
  if (priority === undefined || (Number.isInteger(priority) && priority >= 0 && priority <= 9)) return;
  throw new OptionError(`A priority is an integer from 0 to 9 (9 the most urgent), got ${String(priority)}.`, {
    field: "priority",
  });
}

function checkKey(key: string | undefined): void {
  if (key === undefined) return;
  const isText = typeof key === "string" && Buffer.byteLength(key) <= MAX_KEY_BYTES;
  // PostgreSQL has no text with one.
  if (isText && !key.includes("\0")) return;
  throw new OptionError(`A message key is a string of at most ${MAX_KEY_BYTES} bytes without a zero character.`, {
    field: "key",
  });
}

function checkNotBefore(notBefore: NonNullable<OutgoingMessage["notBefore"]>, horizonMs: number): void {
  const ms = "inMs" in notBefore ? notBefore.inMs : notBefore.atMs;
  if (!Number.isFinite(ms)) {
    throw new OptionError(`notBefore takes a finite number of milliseconds, got ${String(ms)}.`, {
      field: "notBefore",
    });
  }
  if ("inMs" in notBefore && ms > horizonMs) {
    throw new OptionError(`This transport can delay a message by at most ${horizonMs} ms, got ${ms}.`, {
      field: "notBefore",
    });
  }
}

/** Bytes of a message as limits count them: the body, and headers and properties written as JSON. */
export function messageBytes(message: Message): number {
  return (
    message.body.byteLength +
    Buffer.byteLength(JSON.stringify(message.headers)) +
    Buffer.byteLength(JSON.stringify(message.properties))
  );
}

function checkSize(message: OutgoingMessage, maxBytes: number): void {
  // Writing JSON only to measure it would cost more than all other checks together, so nearly all messages pass by a bound.
  if (message.body.byteLength + maxJsonBytes(message.headers) + maxJsonBytes(message.properties) <= maxBytes) return;
  const bytes = messageBytes(message);
  if (bytes > maxBytes) throw new MessageTooLargeError(message.properties.messageId, { bytes, maxBytes });
}
