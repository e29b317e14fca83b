import { createHash } from "node:crypto";
import { headerNumber } from "@lovage/client-amqp";
import type { ConsumeMessage, GetMessage, PublishProperties } from "@lovage/client-amqp";
import { nearestPriority, type Headers, type Message } from "@lovage/transport";

import { decodeHeaders, encodeHeaders } from "./header-table.ts";
import { isHoldingQueue } from "./queue-form.ts";
import { names } from "./taken-headers.ts";

/** What goes with a message beside what its sender wrote. */
export interface Marks {
  /** How often it was lost. */
  readonly losses: number;
  /** How often it was delivered; the fence of the next delivery is one more. */
  readonly deliveries: number;
  /** What of its delay is left once it has gone through the ladder, in ms. */
  readonly restMs: number;
  /** Names a copy that its sender waits for, and that is nobody else's; what comes to a worker has none. */
  readonly renewal?: string;
}

/** Bytes that the protocol has for a property. A character has at most three. */
const longestText = 255;

/** A message that was never delivered. */
export const noMarks: Marks = Object.freeze<Marks>({ losses: 0, deliveries: 0, restMs: 0 });

/** A message as it came, and what is known of its past. */
export interface Received {
  readonly message: Message;
  readonly marks: Marks;
  /** A copy, passed on by the queue that held it when its holder was gone. */
  readonly isPassedOn: boolean;
}

/** A message as the client takes it; persistent, and to be returned when no queue takes it. */
export function encodeMessage(
  message: Message,
  marks: Marks,
  ladder?: Readonly<Record<string, unknown>>,
): PublishProperties {
  const { messageId, contentType, contentEncoding, correlationId, replyTo, priority, key } = message.properties;
  const { losses, deliveries, restMs, renewal } = marks;
  const headers = encodeHeaders(message.headers);
  if (key !== undefined) headers[names.key] = key;
  if (losses !== 0) {
    headers[names.losses] = headerNumber(losses);
    const step = foreignId(message.headers);
    if (step !== undefined) headers[names.of] = step;
  }
  if (deliveries !== 0) headers[names.deliveries] = headerNumber(deliveries);
  if (restMs !== 0) headers[names.rest] = headerNumber(restMs);
  if (renewal !== undefined) headers[names.renewal] = renewal;
  if (ladder !== undefined) Object.assign(headers, ladder);
  return {
    headers,
    messageId,
    contentType,
    contentEncoding,
    correlationId,
    replyTo,
    priority,
    deliveryMode: 2,
    mandatory: true,
  };
}

/** What {@link Marks.renewal} said when it was sent. */
export function renewalOf({ properties }: ConsumeMessage | GetMessage): string | undefined {
  const table = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  return text(table[names.renewal]);
}

/**
 * A message as the client gives it.
 * @param isQuorum Whether it comes from a quorum queue, which counts deliveries; a classic one only says that there was one.
 */
export function decodeMessage(raw: ConsumeMessage | GetMessage, isQuorum: boolean): Received {
  const table = (raw.properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  const headers = decodeHeaders(table);
  const firstDeathQueue = text(table["x-first-death-queue"]);
  const areOfIt = areMarksOf(headers, table);
  const isPassedOn = areOfIt && firstDeathQueue !== undefined && isHoldingQueue(firstDeathQueue);
  // RabbitMQ 4 leaves in a copy what the queue counted that held it, which its holder had counted before.
  const counted = isPassedOn ? 0 : countedByBroker(raw, isQuorum);
  return {
    message: { headers, properties: propertiesOf(raw, table, headers), body: raw.content },
    marks: {
      losses: (areOfIt ? numberIn(table, names.losses) : 0) + counted,
      deliveries: numberIn(table, names.deliveries) + counted,
      restMs: numberIn(table, names.rest),
    },
    isPassedOn,
  };
}

/** A retry of Celery's begins with all headers of the attempt before, which may have been lost, or held by a copy; its own losses are none yet. */
function areMarksOf(headers: Headers, table: Readonly<Record<string, unknown>>): boolean {
  const of = text(table[names.of]);
  return of === undefined || of === foreignId(headers);
}

function countedByBroker({ properties, fields }: ConsumeMessage | GetMessage, isQuorum: boolean): number {
  // Before 4.0 a publisher's own header of that name, as a retry of Celery's has it, is left in until the queue has something to count.
  if (!fields.redelivered) return 0;
  const table = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  return optionalNumber(table, "x-delivery-count") ?? (isQuorum ? 0 : 1);
}

type Writable<T> = { -readonly [name in keyof T]: T[name] };

function propertiesOf(
  { properties, content }: ConsumeMessage | GetMessage,
  table: Readonly<Record<string, unknown>>,
  headers: Headers,
): Message["properties"] {
  const known: Writable<Message["properties"]> = {
    messageId: idOf(text(properties.messageId)) ?? foreignId(headers) ?? nameOf(headers, content),
    contentType: short(text(properties.contentType) ?? ""),
    contentEncoding: short(text(properties.contentEncoding) ?? ""),
  };
  const correlationId: unknown = properties.correlationId;
  const replyTo: unknown = properties.replyTo;
  const priority: unknown = properties.priority;
  const key = table[names.key];
  if (typeof correlationId === "string") known.correlationId = short(correlationId);
  if (typeof replyTo === "string" && replyTo !== "") known.replyTo = short(replyTo);
  if (typeof priority === "number") known.priority = nearestPriority(priority);
  if (typeof key === "string") known.key = key;
  return known;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Celery sends no message id; task id and retries name the same step. */
function foreignId({ id, retries }: Headers): string | undefined {
  if (typeof id !== "string" || id === "") return undefined;
  return idOf(`${id}:${typeof retries === "number" ? retries : 0}`);
}

/** Without any copy the message could be neither given back nor made a dead letter: one that is too long for the protocol is named by its hash. */
function idOf(id: string | undefined): string | undefined {
  if (id === undefined || isShort(id)) return id;
  return `sha256-${createHash("sha256").update(id).digest("hex")}`;
}

/** What was no text in UTF-8 is longer once it has been read. */
function short(value: string): string {
  return isShort(value) ? value : value.slice(0, longestText / 3);
}

function isShort(value: string): boolean {
  return value.length <= longestText / 3 || Buffer.byteLength(value) <= longestText;
}

/** Of what has no id at all: the same wherever it lies and however often it is looked at, since it may be chosen by it. */
function nameOf(headers: Headers, content: Buffer): string {
  const hash = createHash("sha256").update(JSON.stringify(headers)).update(content);
  return `unnamed-${hash.digest("hex").slice(0, 16)}`;
}

function optionalNumber(table: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = table[name];
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function numberIn(table: Readonly<Record<string, unknown>>, name: string): number {
  return optionalNumber(table, name) ?? 0;
}
