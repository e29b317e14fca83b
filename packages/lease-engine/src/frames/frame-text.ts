import { LovageError } from "@lovage/foundation";
import type { Headers, Message, MessageProperties } from "@lovage/transport";

import { taskIdCode, writeOut } from "./frame-words.ts";

/** Between headers and properties. Not to be found in JSON text. */
export const separator = "\u0000";

/** The bytes are no frame, or one of a later release. Code `FRAME_INVALID`. */
export class FrameError extends LovageError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, code: "FRAME_INVALID" });
  }
}

type Described = Omit<Message, "body">;

/** What one text says of every task that it comes with; the task's id is to be filled in. */
interface Pattern extends Described {
  /** Headers that are the task's id. */
  readonly idHeaders: readonly string[];
  /** What follows the task's id in the message id; `undefined` when that is another one. */
  readonly messageIdRest: string | undefined;
  readonly isCorrelated: boolean;
}

const mostPatterns = 256;
const longestPattern = 512;
/** The id's code as JSON has it within a text. */
const codeInJson = "\\u0001";

const patterns = new Map<string, Pattern>();
/** Most texts with arguments in them never come again: only what comes a second time is worth a pattern. */
const seenOnce = new Set<string>();

/**
 * Headers and properties in the text of a frame. Calls of one task by one program have the same text, so that it is parsed once and then copied, which takes a
 * fifth of the time.
 * @throws FrameError (`FRAME_INVALID`)
 */
export function readFrameText(text: string, taskId: string): Described {
  const pattern = patterns.get(text);
  if (pattern !== undefined) return fillIn(pattern, taskId);
  const described = parseText(writeOut(text, taskId));
  if (text.length <= longestPattern) learn(text);
  return described;
}

function learn(text: string): void {
  if (!seenOnce.delete(text)) {
    if (seenOnce.size >= mostPatterns) seenOnce.clear();
    seenOnce.add(text);
    return;
  }
  const pattern = patternOf(text);
  if (pattern === undefined) return;
  if (patterns.size >= mostPatterns) patterns.clear();
  patterns.set(text, pattern);
}

/** `undefined` where a copy would not do: an id that cannot be told from other text, or values that two messages would share. */
function patternOf(text: string): Pattern | undefined {
  if (text.includes(codeInJson)) return undefined;
  const { headers, properties } = parseText(writeOut(text, codeInJson));
  if (Object.values(headers).some((value) => typeof value === "object" && value !== null)) return undefined;
  const { messageId, correlationId } = properties;
  return {
    headers,
    properties,
    idHeaders: Object.keys(headers).filter((name) => headers[name] === taskIdCode),
    messageIdRest: messageId.startsWith(taskIdCode) ? messageId.slice(taskIdCode.length) : undefined,
    isCorrelated: correlationId === taskIdCode,
  };
}

function fillIn({ headers, properties, idHeaders, messageIdRest, isCorrelated }: Pattern, taskId: string): Described {
  const copy: Record<string, Headers[string]> = { ...headers };
  for (const name of idHeaders) copy[name] = taskId;
  const filled: { -readonly [Key in keyof MessageProperties]: MessageProperties[Key] } = { ...properties };
  if (messageIdRest !== undefined) filled.messageId = taskId + messageIdRest;
  if (isCorrelated) filled.correlationId = taskId;
  return { headers: copy, properties: filled };
}

function parseText(text: string): Described {
  const end = text.indexOf(separator);
  if (end < 0) throw new FrameError("The text of a frame has no properties.");
  return {
    headers: parse(`{${text.slice(0, Math.max(0, end - 1))}}`) as Headers,
    properties: decodeProperties(parse(`[${text.slice(end + 1)}]`)),
  };
}

function decodeProperties(fields: unknown): MessageProperties {
  const [contentType, contentEncoding, messageId, correlationId, replyTo, priority, key] = fields as unknown[];
  return {
    messageId: requireText(messageId),
    contentType: requireText(contentType),
    contentEncoding: requireText(contentEncoding),
    ...(typeof correlationId === "string" ? { correlationId } : {}),
    ...(typeof replyTo === "string" ? { replyTo } : {}),
    ...(typeof priority === "number" ? { priority } : {}),
    ...(typeof key === "string" ? { key } : {}),
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new FrameError("The text of a frame is not JSON.", { cause });
  }
}

function requireText(value: unknown): string {
  if (typeof value === "string") return value;
  throw new FrameError("A property in a frame is no text.");
}
