import type { Headers, HeaderValue, Message, MessageProperties } from "@lovage/transport";

import { FrameError, readFrameText, separator } from "./frame-text.ts";
import { encodeContent, encodeHeader, taskIdCode } from "./frame-words.ts";

/** First byte of a frame; the first version there is. */
const version = 1;
const headBytes = 6;
const longestTaskId = 64;

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
  // The id has one byte a character, so that both are written at once.
  frame.write(taskId + text, headBytes, "utf8");
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
  const text = frame.toString("utf8", textAt, bodyAt);
  return {
    ...readFrameText(text, frame.toString("latin1", headBytes, textAt)),
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
    const value = headers[name];
    const latest = latestHeaders.get(name);
    if (latest !== undefined && latest.value === value) text += latest.text;
    else text += encodeNewHeader(name, value, taskId);
  }
  return text;
}

/**
 * The latest text of a header, by its name: calls of one program have the same name, origin and options one after the other. What is an object is encoded anew, because it
 * may have changed.
 */
const latestHeaders = new Map<string, { readonly value: HeaderValue; readonly text: string }>();
const mostLatest = 64;
const longestLatest = 256;

function encodeNewHeader(name: string, value: HeaderValue | undefined, taskId: string): string {
  const json = encodeValue(value, taskId);
  // What JSON has no word for is left out, as in any JSON object.
  if (json === undefined || value === undefined) return "";
  const text = encodeHeader(name, json);
  const isTaskId = value === taskId && taskId !== "";
  if (!isTaskId && typeof value !== "object" && text.length <= longestLatest) {
    if (latestHeaders.size >= mostLatest) latestHeaders.clear();
    latestHeaders.set(name, { value, text });
  }
  return text;
}

function encodeProperties(properties: MessageProperties, taskId: string): string {
  const { messageId, contentType, contentEncoding, correlationId, replyTo, priority, key } = properties;
  const rest = messageId.slice(taskId.length);
  const id = `"${taskId === "" ? "" : taskIdCode}${(plain.test(rest) ? `"${rest}"` : JSON.stringify(rest)).slice(1)}`;
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
  return typeof value === "string" && plain.test(value) ? `"${value}"` : JSON.stringify(value);
}
