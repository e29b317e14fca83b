import { OptionError } from "@lovage/foundation";
import type { Headers, HeaderValue } from "@lovage/transport";
import { MessageTooLargeError } from "@lovage/transport";

/** Holds all headers as JSON where the table of the protocol, or the client's way of reading it, would change them. */
const wholeName = "x-lovage-headers";
/** Headers go out in one frame, which the client writes into 64 KiB. */
const maxHeaderBytes = 49_152;
const maxNameBytes = 255;
/** For a number, a word, or the frame of a list or a table. */
const otherCharacters = 24;

/** Headers for the client, as an object of the caller's own: the protocol's own table wherever it carries them unchanged, which is what Celery reads. */
export function encodeHeaders(headers: Headers): Record<string, unknown> {
  if (isPlain(headers) && !isLarge(headers)) return hasPlainNumbers(headers) ? { ...headers } : withDoubles(headers);
  return { [wholeName]: JSON.stringify(headers) };
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
  if (isPlain(headers)) return;
  throw new OptionError(
    `Names of headers for a queue that Celery reads have at most ${maxNameBytes} bytes, and are neither "!" nor "__proto__".`,
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

/** The headers that a sender wrote, without those that `isOurs`. */
export function decodeHeaders(table: Readonly<Record<string, unknown>>, isOurs: (name: string) => boolean): Headers {
  const whole = table[wholeName];
  if (typeof whole === "string") return parse(whole);
  if (isAsWritten(table, isOurs)) return table;
  const headers: Record<string, HeaderValue> = {};
  for (const name in table) if (!isOurs(name)) headers[name] = toValue(table[name]);
  return headers;
}

/** Whether a table can be handed on as it is. */
function isAsWritten(
  table: Readonly<Record<string, unknown>>,
  isOurs: (name: string) => boolean,
): table is Readonly<Record<string, HeaderValue>> {
  for (const name in table) if (isOurs(name) || !isValue(table[name])) return false;
  return true;
}

/** Whether {@link toValue} would change nothing. */
function isValue(value: unknown): value is HeaderValue {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every((item) => isValue(item));
  if (Buffer.isBuffer(value) || Object.hasOwn(value, "!")) return false;
  return Object.values(value).every((item) => isValue(item));
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
  if (typeof value !== "object" || value === null) return value as HeaderValue;
  if (Buffer.isBuffer(value)) return value.toString("utf8");
  if (Array.isArray(value)) return value.map((item) => toValue(item));
  if (Object.hasOwn(value, "!")) return textOf((value as { readonly value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toValue(item)]));
}

function textOf(value: unknown): string {
  const { digits, places } = (value ?? {}) as { readonly digits?: unknown; readonly places?: unknown };
  const isDecimal = typeof digits === "number" && typeof places === "number";
  return String(isDecimal ? digits / 10 ** places : value);
}

/** From here on the client writes every number as a whole one of 64 bits, and fails where it is none. */
const wideFrom = 2 ** 50;

function isPlainNumber(value: number): boolean {
  if (Math.abs(value) < wideFrom) return true;
  return Number.isInteger(value) && value >= -(2 ** 63);
}

function hasPlainNumbers(value: HeaderValue | Headers): boolean {
  if (typeof value === "number") return isPlainNumber(value);
  if (typeof value !== "object" || value === null) return true;
  const fields = value as Headers;
  for (const name in fields) if (!hasPlainNumbers(fields[name] ?? null)) return false;
  return true;
}

function withDoubles(headers: Headers): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, asDoubles(value)]));
}

function asDoubles(value: HeaderValue): unknown {
  if (typeof value === "number") return isPlainNumber(value) ? value : doubleOf(value);
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? value.map((item: HeaderValue) => asDoubles(item)) : withDoubles(value as Headers);
}

/** What the client writes as a double. RabbitMQ cannot read NaN and the infinities, and closes the channel; JSON has null for them. */
function doubleOf(value: number): unknown {
  return Number.isFinite(value) ? { "!": "double", value } : null;
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
