import { createHash } from "node:crypto";
import type { ConsumeMessage, GetMessage, PublishProperties } from "@lovage/client-amqp";
import { nearestPriority, type Headers, type Message } from "@lovage/transport";

import { decodeHeaders, encodeHeaders } from "./header-table.ts";
import { isHoldingQueue } from "./queue-form.ts";

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

/** A message that was never delivered. */
export const noMarks: Marks = Object.freeze<Marks>({ losses: 0, deliveries: 0, restMs: 0 });

/** A message as it came, and what is known of its past. */
export interface Received {
  readonly message: Message;
  readonly marks: Marks;
  /** A copy, passed on by the queue that held it when its holder was gone. */
  readonly isPassedOn: boolean;
}

const names = {
  key: "x-lovage-key",
  losses: "x-lovage-losses",
  deliveries: "x-lovage-deliveries",
  rest: "x-lovage-rest",
  renewal: "x-lovage-renewal",
} as const;
const ownNames: ReadonlySet<string> = new Set(Object.values(names));

/** Written by RabbitMQ when a message goes through the ladder; a message that keeps it is dropped when it comes there again. */
const brokersOwn = /^x-(?:death|delivery-count|acquired-count|(?:first|last)-death-(?:exchange|queue|reason))$/;
/** Read by the exchanges of the ladder, which look at no header that begins with "x-". */
const laddersOwn = /^lovage-(?:delay-\d+|to-exchange)$/;

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
  if (losses !== 0) headers[names.losses] = losses;
  if (deliveries !== 0) headers[names.deliveries] = deliveries;
  if (restMs !== 0) headers[names.rest] = restMs;
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
  const headers = decodeHeaders(table, isOurs);
  const firstDeathQueue = text(table["x-first-death-queue"]);
  const isPassedOn = firstDeathQueue !== undefined && isHoldingQueue(firstDeathQueue);
  // RabbitMQ 4 leaves in a copy what the queue counted that held it, which its holder had counted before.
  const counted = isPassedOn ? 0 : countedByBroker(raw, isQuorum);
  return {
    message: { headers, properties: propertiesOf(raw, table, headers), body: raw.content },
    marks: {
      losses: numberIn(table, names.losses) + counted,
      deliveries: numberIn(table, names.deliveries) + counted,
      restMs: numberIn(table, names.rest),
    },
    isPassedOn,
  };
}

function countedByBroker({ properties, fields }: ConsumeMessage | GetMessage, isQuorum: boolean): number {
  const table = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  const count = optionalNumber(table, "x-delivery-count");
  return count ?? (isQuorum || !fields.redelivered ? 0 : 1);
}

function isOurs(name: string): boolean {
  if (name.startsWith("x-")) return ownNames.has(name) || brokersOwn.test(name);
  return name.startsWith("lovage-") && laddersOwn.test(name);
}

type Writable<T> = { -readonly [name in keyof T]: T[name] };

function propertiesOf(
  { properties, content }: ConsumeMessage | GetMessage,
  table: Readonly<Record<string, unknown>>,
  headers: Headers,
): Message["properties"] {
  const known: Writable<Message["properties"]> = {
    messageId: text(properties.messageId) ?? foreignId(headers) ?? nameOf(headers, content),
    contentType: text(properties.contentType) ?? "",
    contentEncoding: text(properties.contentEncoding) ?? "",
  };
  const correlationId: unknown = properties.correlationId;
  const replyTo: unknown = properties.replyTo;
  const priority: unknown = properties.priority;
  const key = table[names.key];
  if (typeof correlationId === "string") known.correlationId = correlationId;
  if (typeof replyTo === "string" && replyTo !== "") known.replyTo = replyTo;
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
  return `${id}:${typeof retries === "number" ? retries : 0}`;
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
