import { LovageError } from "@lovage/foundation";
import type { Headers, HeaderValue, Message, MessageProperties } from "@lovage/transport";

import { encodeContent, encodeHeader, taskIdCode, writeOut } from "./frame-words.ts";

/** First byte of a frame; the first version there is. */
const version = 1;
const headBytes = 6;
const longestTaskId = 64;
/** Between headers and properties. Not to be found in JSON text. */
const separator = "\u0000";

/** The bytes are no frame, or one of a later release. Code `FRAME_INVALID`. */
export class FrameError extends LovageError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, code: "FRAME_INVALID" });
  }
}

/**
 * A message as one piece of bytes, for stores that keep bytes:
 *
 * | bytes | what |
 * |---|---|
 * | 1 | version |
 * | 1 | length of the task id: what is before the last colon of the message id |
 * | 4 | length of the text, little-endian |
 * | … | task id |
 * | … | text: the headers, a zero character, the properties; both JSON without their brackets, with codes for common words |
 * | … | body, untouched |
 */
export function encodeFrame(message: Message): Uint8Array {
  const { headers, properties, body } = message;
  const taskId = taskIdOf(properties.messageId);
  const text = `${encodeHeaders(headers, taskId)}${separator}${encodeProperties(properties, taskId)}`;
  const textAt = headBytes + taskId.length;
  const textBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(textAt + textBytes + body.byteLength);
  frame[0] = version;
  frame[1] = taskId.length;
  frame.writeUInt32LE(textBytes, 2);
  frame.write(taskId, headBytes, "latin1");
  frame.write(text, textAt, "utf8");
  frame.set(body, textAt + textBytes);
  return frame;
}

/**
 * The message that {@link encodeFrame} was given. Its body is a view on the frame.
 * @throws FrameError (`FRAME_INVALID`) for bytes that are no frame
 */
export function decodeFrame(bytes: Uint8Array): Message {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frame.length < headBytes) throw new FrameError(`${frame.length} bytes are too few for a frame.`);
  if (frame[0] !== version) {
    throw new FrameError(`The frame has version ${String(frame[0])}, and this release reads version ${version}.`);
  }
  const textAt = headBytes + frame.readUInt8(1);
  const bodyAt = textAt + frame.readUInt32LE(2);
  if (bodyAt > frame.length) throw new FrameError(`A frame of ${frame.length} bytes ends before its body begins.`);
  const text = writeOut(frame.toString("utf8", textAt, bodyAt), frame.toString("latin1", headBytes, textAt));
  const end = text.indexOf(separator);
  if (end < 0) throw new FrameError("The text of a frame has no properties.");
  return {
    headers: parse(`{${text.slice(0, Math.max(0, end - 1))}}`) as Headers,
    properties: decodeProperties(parse(`[${text.slice(end + 1)}]`)),
    body: frame.subarray(bodyAt),
  };
}

/** Printable, the same inside a JSON text as outside of it, and one byte a character. */
const plain = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;

function taskIdOf(messageId: string): string {
  const colon = messageId.lastIndexOf(":");
  if (colon < 1 || colon > longestTaskId) return "";
  const id = messageId.slice(0, colon);
  return plain.test(id) ? id : "";
}

function encodeHeaders(headers: Headers, taskId: string): string {
  let text = "";
  for (const name of Object.keys(headers)) {
    const json = encodeValue(headers[name], taskId);
    // What JSON has no word for is left out, as in any JSON object.
    if (json !== undefined) text += encodeHeader(name, json);
  }
  return text;
}

function encodeProperties(properties: MessageProperties, taskId: string): string {
  const { messageId, contentType, contentEncoding, correlationId, replyTo, priority, key } = properties;
  const id =
    taskId === ""
      ? JSON.stringify(messageId)
      : `"${taskIdCode}${JSON.stringify(messageId.slice(taskId.length)).slice(1)}`;
  const optional = [replyTo, priority, key].map((value) => (value === undefined ? "" : JSON.stringify(value)));
  while (optional.at(-1) === "") optional.pop();
  const rest = optional.map((json) => `,${json === "" ? "null" : json}`).join("");
  return `${encodeContent(contentType, contentEncoding)}${id},${encodeValue(correlationId ?? null, taskId) ?? "null"}${rest}`;
}

function encodeValue(value: HeaderValue | undefined, taskId: string): string | undefined {
  if (value === null) return "null";
  if (value === taskId && taskId !== "") return `"${taskIdCode}"`;
  // Most values are short plain texts; writing these by hand is four times as fast.
  return typeof value === "string" && plain.test(value) ? `"${value}"` : JSON.stringify(value);
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
