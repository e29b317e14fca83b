import { randomUUID } from "node:crypto";

import { asBuffer } from "@lovage/foundation";
import {
  isTooDeep,
  maxHeaderDepth,
  nearestPriority,
  type Headers,
  type Message,
  type MessageProperties,
} from "@lovage/transport";

/** Where an envelope was published. */
export interface EnvelopeAddress {
  readonly exchange: string;
  readonly routingKey: string;
}

/** A message in the form that Kombu gives it where the broker knows no headers: one JSON object, the body in base64. */
export function encodeEnvelope(
  { headers, properties, body }: Message,
  { exchange, routingKey }: EnvelopeAddress,
): string {
  const { messageId, contentType, contentEncoding, correlationId, replyTo, priority = 0, key } = properties;
  return JSON.stringify({
    body: asBuffer(body).toString("base64"),
    "content-encoding": contentEncoding,
    "content-type": contentType,
    headers,
    properties: {
      message_id: messageId,
      ...(correlationId === undefined ? {} : { correlation_id: correlationId }),
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      ...(key === undefined ? {} : { key }),
      delivery_mode: 2,
      delivery_info: { exchange, routing_key: routingKey },
      priority,
      body_encoding: "base64",
      delivery_tag: randomUUID(),
    },
  });
}

/**
 * The message in an envelope; `undefined` for a text that is none.
 * @param id Message id of an envelope that has none.
 */
export function decodeEnvelope(json: string, id: string): Message | undefined {
  const envelope = parse(json);
  const { body, headers, properties } = envelope;
  if (typeof body !== "string" || !isRecord(properties)) return undefined;
  return {
    headers: isRecord(headers) ? readHeaders(headers) : {},
    properties: readProperties(envelope, properties, id),
    body: Buffer.from(body, properties["body_encoding"] === "base64" ? "base64" : "utf8"),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** JSON is read to any depth. */
function readHeaders(headers: Fields): Headers {
  return (isTooDeep(headers) ? cut(headers) : headers) as Headers;
}

function cut(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxHeaderDepth) return "…";
  if (Array.isArray(value)) return value.map((item) => cut(item, depth + 1));
  // Entries become own properties, `__proto__` too.
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cut(item, depth + 1)]));
}

function readProperties(envelope: Fields, properties: Fields, id: string): MessageProperties {
  const correlationId = text(properties["correlation_id"]);
  const replyTo = text(properties["reply_to"]);
  const key = text(properties["key"]);
  const priority = properties["priority"];
  return {
    messageId: text(properties["message_id"]) ?? text(properties["delivery_tag"]) ?? id,
    contentType: text(envelope["content-type"]) ?? "application/octet-stream",
    contentEncoding: text(envelope["content-encoding"]) ?? "binary",
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(typeof priority === "number" && priority >= 1 ? { priority: nearestPriority(priority) } : {}),
    ...(key === undefined ? {} : { key }),
  };
}

function parse(json: string): Fields {
  try {
    const value = parseJson(json);
    return isRecord(value) ? value : {};
  } catch {
    // Whoever published it, it is no envelope: the caller says so.
    return {};
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    if (!json.includes("NaN") && !json.includes("Infinity")) throw error;
    return JSON.parse(json.replaceAll(textOrPythonNumber, (word) => (word.startsWith('"') ? word : "null"))) as unknown;
  }
}

/** Texts, also one that breaks off, and the numbers that Python's JSON has beyond JSON: Kombu reads them. They are as little here as in headers on RabbitMQ. */
const textOrPythonNumber = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|-?\bInfinity\b|\bNaN\b/gs;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
