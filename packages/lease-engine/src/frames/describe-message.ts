import type { Headers, HeaderValue, MessageProperties } from "@lovage/transport";

import { separator } from "./frame-text.ts";
import { encodeContent, encodeHeader, taskIdCode } from "./frame-words.ts";

/** Headers and properties as they stand in a frame. */
export interface Description {
  /** What is before the last colon of the message id; one byte a character. Empty where that is no plain text. */
  readonly taskId: string;
  /** The headers, a zero character, the properties, with codes for the task's id and for common words. Not to be changed. */
  readonly text: Uint8Array;
}

/** A description, and what it was made of: another message with the same has the same text. */
interface Described extends Description {
  readonly names: readonly string[];
  readonly values: readonly (HeaderValue | undefined)[];
  readonly messageIdRest: string;
  readonly properties: MessageProperties;
}

const longestTaskId = 64;
const longestKept = 512;
const mostTasks = 256;

/**
 * By task, its latest description whose values are all plain. Calls of one task by one program differ in nothing but their id, so that most messages are described by a few
 * comparisons, without any text being made.
 */
const latest = new Map<string, Described>();

/** Describes a message for its frame. */
export function describeMessage(headers: Headers, properties: MessageProperties): Description {
  const { messageId } = properties;
  const taskId = taskIdOf(messageId);
  const messageIdRest = messageId.slice(taskId.length);
  const names = Object.keys(headers);
  const task = typeof headers["task"] === "string" ? headers["task"] : "";
  const known = latest.get(task);
  if (known !== undefined && known.messageIdRest === messageIdRest && taskId !== "") {
    if (hasHeaders(known, headers, names, taskId) && hasProperties(known, properties, taskId)) {
      return { taskId, text: known.text };
    }
  }
  const written = `${encodeHeaders(headers, names, taskId)}${separator}${encodeProperties(properties, taskId)}`;
  const text = Buffer.from(written);
  const values = names.map((name) => headers[name]);
  // An object may be changed before it comes again.
  if (taskId !== "" && text.length <= longestKept && !values.some(isObject)) {
    keep(task, { taskId, text, names, values, messageIdRest, properties: { ...properties } });
  }
  return { taskId, text };
}

function keep(task: string, described: Described): void {
  if (latest.size >= mostTasks && !latest.has(task)) latest.clear();
  latest.set(task, described);
}

function isObject(value: HeaderValue | undefined): boolean {
  return typeof value === "object" && value !== null;
}

function hasHeaders(known: Described, headers: Headers, names: readonly string[], taskId: string): boolean {
  if (names.length !== known.names.length) return false;
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? "";
    if (name !== known.names[at] || !isAlike(headers[name], known.values[at], taskId, known.taskId)) return false;
  }
  return true;
}

function hasProperties(
  { properties: known, taskId: knownId }: Described,
  other: MessageProperties,
  taskId: string,
): boolean {
  return (
    other.contentType === known.contentType &&
    other.contentEncoding === known.contentEncoding &&
    other.priority === known.priority &&
    other.key === known.key &&
    other.replyTo === known.replyTo &&
    isAlike(other.correlationId, known.correlationId, taskId, knownId)
  );
}

/** Whether two values have the same text in the frames of their messages: equal, or each the id of its task. */
function isAlike(
  value: HeaderValue | undefined,
  known: HeaderValue | undefined,
  taskId: string,
  knownId: string,
): boolean {
  if (value === taskId || known === knownId) return value === taskId && known === knownId;
  return value === known;
}

const space = 0x20;
const quote = 0x22;
const colonCode = 0x3a;
const backslash = 0x5c;
const tilde = 0x7e;

/** Printable, the same inside a JSON text as outside of it, and one byte a character. */
function isPlain(text: string, length: number = text.length): boolean {
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < space || code > tilde || code === quote || code === backslash) return false;
  }
  return length > 0;
}

function taskIdOf(messageId: string): string {
  let colon = messageId.length - 1;
  // It is near the end; `lastIndexOf` costs twice as much.
  while (colon > 0 && messageId.charCodeAt(colon) !== colonCode) colon -= 1;
  if (colon < 1 || colon > longestTaskId) return "";
  return isPlain(messageId, colon) ? messageId.slice(0, colon) : "";
}

function encodeHeaders(headers: Headers, names: readonly string[], taskId: string): string {
  let text = "";
  for (const name of names) {
    const json = encodeValue(headers[name], taskId);
    // What JSON has no word for is left out, as in any JSON object.
    if (json !== undefined) text += encodeHeader(name, json);
  }
  return text;
}

function encodeProperties(properties: MessageProperties, taskId: string): string {
  const { messageId, contentType, contentEncoding, correlationId, replyTo, priority, key } = properties;
  const rest = messageId.slice(taskId.length);
  const id = `"${taskId === "" ? "" : taskIdCode}${(isPlain(rest) ? `"${rest}"` : JSON.stringify(rest)).slice(1)}`;
  return `${encodeContent(contentType, contentEncoding)}${id},${encodeValue(correlationId ?? null, taskId) ?? "null"}${encodeOptional([replyTo, priority, key])}`;
}

/** Those at the end are left out when they are missing, and most are. */
function encodeOptional(values: readonly (string | number | undefined)[]): string {
  const last = values.findLastIndex((value) => value !== undefined);
  let text = "";
  for (let at = 0; at <= last; at += 1) text += `,${JSON.stringify(values[at] ?? null)}`;
  return text;
}

function encodeValue(value: HeaderValue | undefined, taskId: string): string | undefined {
  if (value === null) return "null";
  if (value === taskId && taskId !== "") return `"${taskIdCode}"`;
  // Most values are short plain texts; writing these by hand is four times as fast.
  return typeof value === "string" && isPlain(value) ? `"${value}"` : JSON.stringify(value);
}
