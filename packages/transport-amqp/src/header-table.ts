import { OptionError } from "@lovage/foundation";
import type { Headers, HeaderValue } from "@lovage/transport";
import { MessageTooLargeError } from "@lovage/transport";

/** Holds all headers as JSON where the table of the protocol, or the client's way of reading it, would change them. */
const wholeName = "x-lovage-headers";
/** Headers go out in one frame, which the client writes into 64 KiB. */
const maxHeaderBytes = 49_152;
/** A table may be a few times as large as its JSON; up to this it fits for certain. */
const maxTableJsonBytes = 16_384;
const maxNameBytes = 255;

/** Headers for the client: the protocol's own table wherever it carries them unchanged, which is what Celery reads. */
export function encodeHeaders(headers: Headers): Record<string, unknown> {
  if (isPlain(headers) && !isLarge(headers)) return { ...headers };
  return { [wholeName]: JSON.stringify(headers) };
}

/** @throws MESSAGE_TOO_LARGE for headers that do not fit into a frame, which no setting of the broker changes */
export function checkHeaderSize(headers: Headers, messageId: string): void {
  if (!isLarge(headers)) return;
  const bytes = Buffer.byteLength(JSON.stringify(headers));
  if (bytes > maxHeaderBytes) throw new MessageTooLargeError(messageId, { bytes, maxBytes: maxHeaderBytes });
}

/** @throws OPTION_INVALID for a text that the protocol has 255 bytes for */
export function checkShortText(field: string, value: string | undefined): void {
  if (value === undefined || value.length <= 63 || Buffer.byteLength(value) <= maxNameBytes) return;
  throw new OptionError(`${field} takes at most ${maxNameBytes} bytes on RabbitMQ, got ${Buffer.byteLength(value)}.`, {
    field,
  });
}

/** The headers that a sender wrote, without those that `isOurs`. */
export function decodeHeaders(table: Readonly<Record<string, unknown>>, isOurs: (name: string) => boolean): Headers {
  const whole = table[wholeName];
  if (typeof whole === "string") return parse(whole);
  const headers: Record<string, HeaderValue> = {};
  for (const [name, value] of Object.entries(table)) if (!isOurs(name)) headers[name] = toValue(value);
  return headers;
}

function parse(text: string): Headers {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Headers) : {};
  } catch {
    // Somebody else's header of the same name; it is a header like any other then.
    return { [wholeName]: text };
  }
}

/** The client writes times and the like as `{ "!": type, value }`. */
function toValue(value: unknown): HeaderValue {
  if (Buffer.isBuffer(value)) return value.toString("utf8");
  if (Array.isArray(value)) return value.map((item) => toValue(item));
  if (typeof value !== "object" || value === null) return value as HeaderValue;
  if (Object.hasOwn(value, "!")) return String((value as { readonly value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toValue(item)]));
}

function isPlain(value: HeaderValue | Headers): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every((item: HeaderValue) => isPlain(item));
  return Object.entries(value).every(([name, item]) => isPlainName(name) && isPlain(item));
}

function isPlainName(name: string): boolean {
  return name !== "__proto__" && name !== "!" && (name.length <= 63 || Buffer.byteLength(name) <= maxNameBytes);
}

function isLarge(headers: Headers): boolean {
  let characters = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "object" && value !== null) return JSON.stringify(headers).length > maxTableJsonBytes;
    characters += name.length + (typeof value === "string" ? value.length : 24);
  }
  // A character has at most three bytes.
  return characters * 3 > maxTableJsonBytes;
}
