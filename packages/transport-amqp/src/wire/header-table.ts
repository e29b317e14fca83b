import { headerNumber } from "@lovage/client-amqp";
import { OptionError } from "@lovage/foundation";
import type { Headers, HeaderValue } from "@lovage/transport";
import { isTooDeep, maxHeaderDepth, MessageTooLargeError } from "@lovage/transport";

import { isTaken } from "./taken-headers.ts";

/** Holds all headers as JSON where the table of the protocol, or the client's way of reading it, would change them. */
const wholeName = "x-lovage-headers";
/** Headers go out in one frame, which the client writes into 64 KiB. */
const maxHeaderBytes = 49_152;
/** As many as go out with all that is written beside them. */
const mostHeaderBytes = 61_440;
const maxNameBytes = 255;
/** For a number, a word, or the frame of a list or a table. */
const otherCharacters = 24;

/** Headers for the client, as an object of the caller's own: the protocol's own table wherever it carries them unchanged, which is what Celery reads. */
export function encodeHeaders(headers: Headers): Record<string, unknown> {
  if (isTable(headers) && !isLarge(headers)) return hasPlainNumbers(headers) ? { ...headers } : withTypes(headers);
  const whole = JSON.stringify(headers);
  return { [wholeName]: whole.length * 3 <= mostHeaderBytes ? whole : JSON.stringify(withoutLargest(headers)) };
}

/** Another client may send more than ours can write. Without any copy its message could be neither given back nor made a dead letter. */
function withoutLargest(headers: Headers): Headers {
  const sized = Object.entries(headers).map((entry) => ({ entry, bytes: Buffer.byteLength(JSON.stringify(entry)) }));
  let left = mostHeaderBytes;
  const kept = new Set<unknown>();
  for (const { entry, bytes } of sized.toSorted((a, b) => a.bytes - b.bytes)) {
    left -= bytes;
    if (left > 0) kept.add(entry);
  }
  return Object.fromEntries(sized.filter(({ entry }) => kept.has(entry)).map(({ entry }) => entry));
}

/** @throws MESSAGE_TOO_LARGE for headers that do not fit into a frame, which no setting of the broker changes */
export function checkHeaderSize(headers: Headers, messageId: string): void {
  if (!isLarge(headers)) return;
  const bytes = Buffer.byteLength(JSON.stringify(headers));
  if (bytes > maxHeaderBytes) throw new MessageTooLargeError(messageId, { bytes, maxBytes: maxHeaderBytes });
}

/**
 * For a queue that Celery reads, which looks for the protocol's own table, and drops what has none.
 * @throws MESSAGE_TOO_LARGE, OPTION_INVALID for headers that do not go into one
 */
export function checkHeaderTable(headers: Headers, messageId: string): void {
  if (isLarge(headers))
    throw new MessageTooLargeError(messageId, { bytes: tableBytesOf(headers), maxBytes: maxHeaderBytes });
  if (isTable(headers)) return;
  throw new OptionError(
    `Names of headers for a queue that Celery reads have at most ${maxNameBytes} bytes, and are none of "!", "__proto__", "CC", "BCC" and those that RabbitMQ or Lovage writes, as "x-death".`,
    { field: "headers" },
  );
}

/** @throws OPTION_INVALID for a text that the protocol has 255 bytes for */
export function checkShortText(field: string, value: string | undefined): void {
  if (value === undefined || value.length <= 63 || Buffer.byteLength(value) <= maxNameBytes) return;
  throw new OptionError(`${field} takes at most ${maxNameBytes} bytes on RabbitMQ, got ${Buffer.byteLength(value)}.`, {
    field,
  });
}

/** The headers that a sender wrote. */
export function decodeHeaders(table: Readonly<Record<string, unknown>>): Headers {
  const whole = table[wholeName];
  if (typeof whole === "string") return parse(whole);
  if (isAsWritten(table)) return table;
  const headers: Record<string, HeaderValue> = {};
  for (const name in table) if (!isTaken(name)) headers[name] = toValue(table[name]);
  return headers;
}

/** Whether a table can be handed on as it is. */
function isAsWritten(table: Readonly<Record<string, unknown>>): table is Readonly<Record<string, HeaderValue>> {
  for (const name in table) if (isTaken(name) || !isValue(table[name])) return false;
  return true;
}

/** Whether {@link toValue} would change nothing. */
function isValue(value: unknown, depth = 0): value is HeaderValue {
  if (typeof value !== "object" || value === null) return true;
  if (depth > maxHeaderDepth) return false;
  if (Array.isArray(value)) return value.every((item) => isValue(item, depth + 1));
  if (Buffer.isBuffer(value) || Object.hasOwn(value, "!")) return false;
  return Object.values(value).every((item) => isValue(item, depth + 1));
}

function parse(text: string): Headers {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return {};
    if (!isTooDeep(value)) return value as Headers;
  } catch {
    // Told below, as one that is too deep.
  }
  // Somebody else's header of the same name; it is a header like any other then.
  return { [wholeName]: text };
}

function toValue(value: unknown, depth = 0): HeaderValue {
  if (typeof value !== "object" || value === null) return value as HeaderValue;
  if (depth > maxHeaderDepth) return "…";
  if (Buffer.isBuffer(value)) return value.toString("utf8");
  if (Array.isArray(value)) return value.map((item) => toValue(item, depth + 1));
  return (
    textOf(value) ?? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toValue(item, depth + 1)]))
  );
}

/** The client writes times and the like as `{ "!": type, value }`, a decimal with a table in it; any other table in its place is somebody's own. */
function textOf(table: object): string | undefined {
  if (!Object.hasOwn(table, "!")) return undefined;
  const { value } = table as { readonly value?: string | number | boolean | object | null };
  const { digits, places } = (value ?? {}) as { readonly digits?: unknown; readonly places?: unknown };
  if (typeof digits === "number" && typeof places === "number") return String(digits / 10 ** places);
  return typeof value === "object" ? undefined : String(value);
}

function hasPlainNumbers(value: HeaderValue | Headers): boolean {
  if (typeof value === "number") return headerNumber(value) === value;
  if (typeof value !== "object" || value === null) return true;
  const fields = value as Headers;
  for (const name in fields) if (!hasPlainNumbers(fields[name] ?? null)) return false;
  return true;
}

function withTypes(headers: Headers): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, asTyped(value)]));
}

function asTyped(value: HeaderValue): unknown {
  if (typeof value === "number") return headerNumber(value);
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? value.map((item: HeaderValue) => asTyped(item)) : withTypes(value as Headers);
}

/** Whether the protocol's own table carries them unchanged, and nobody on their way reads anything into them, or takes them out. */
function isTable(headers: Headers): boolean {
  for (const name in headers) if (name === wholeName || isTaken(name)) return false;
  return isPlain(headers);
}

function isPlain(value: HeaderValue | Headers): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every((item: HeaderValue) => isPlain(item));
  const fields = value as Headers;
  for (const name in fields) if (!isPlainName(name) || !isPlain(fields[name] ?? null)) return false;
  return true;
}

function isPlainName(name: string): boolean {
  return name !== "__proto__" && name !== "!" && (name.length <= 63 || Buffer.byteLength(name) <= maxNameBytes);
}

function isLarge(headers: Headers): boolean {
  // A character has at most three bytes.
  return charactersOf(headers) * 3 > maxHeaderBytes && tableBytesOf(headers) > maxHeaderBytes;
}

/** What the client writes: a type before each value, and a length before names, texts, lists and tables. */
function tableBytesOf(value: HeaderValue | Headers): number {
  if (typeof value === "string") return 5 + Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return 9;
  let sum = 5;
  if (Array.isArray(value)) {
    for (const item of value as readonly HeaderValue[]) sum += tableBytesOf(item);
    return sum;
  }
  const fields = value as Headers;
  for (const name in fields) sum += 1 + Buffer.byteLength(name) + tableBytesOf(fields[name] ?? null);
  return sum;
}

/** Of names and texts, and as many for all else as would take its bytes in a table. */
function charactersOf(value: HeaderValue | Headers): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return otherCharacters;
  let sum = otherCharacters;
  if (Array.isArray(value)) {
    for (const item of value as readonly HeaderValue[]) sum += charactersOf(item);
    return sum;
  }
  const fields = value as Headers;
  for (const name in fields) sum += name.length + charactersOf(fields[name] ?? null);
  return sum;
}
