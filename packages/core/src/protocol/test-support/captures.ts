import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import type { Headers, Message } from "@lovage/transport";

const folder = path.join(import.meta.dirname, "..", "fixtures");

/** One captured message. */
export interface Capture {
  readonly message: Message;
  /** The body, decoded when it was captured; the bytes were read by Python. */
  readonly body: unknown;
}

interface Envelope {
  readonly body: string;
  readonly headers: Headers;
  readonly properties: {
    readonly correlation_id: string;
    readonly reply_to: string;
    readonly priority: number;
  };
  readonly "content-type": string;
  readonly "content-encoding": string;
}

interface Scenario {
  readonly decoded_messages?: readonly { readonly body_decoded: unknown }[];
  readonly redis_keys?: Readonly<Record<string, { readonly value_left_to_right?: readonly string[] }>>;
  readonly unacked_entries?: readonly { readonly raw: string; readonly decoded: { readonly body_decoded: unknown } }[];
}

/** The messages of a scenario in the order in which they were sent, as a Redis transport hands them over. */
export function captures(scenario: string): readonly Capture[] {
  const content = readJson(`${scenario}.json`) as Scenario;
  if (content.unacked_entries !== undefined) {
    return content.unacked_entries.map(({ raw, decoded }) => ({
      message: toMessage((JSON.parse(raw) as [Envelope])[0]),
      body: decoded.body_decoded,
    }));
  }
  const lists = Object.values(content.redis_keys ?? {}).flatMap(({ value_left_to_right: list = [] }) => list);
  const bodies = content.decoded_messages ?? [];
  return lists
    .map((text, index) => ({ message: toMessage(JSON.parse(text) as Envelope), body: bodies[index]?.body_decoded }))
    .toReversed();
}

/** The only message of a scenario. */
export function capture(scenario: string): Capture {
  const [only] = captures(scenario);
  if (only === undefined) throw new Error(`There is no message in ${scenario}.`);
  return only;
}

/** All captured result documents, by scenario, as text. */
export function resultDocuments(): readonly (readonly [scenario: string, document: string])[] {
  return readdirSync(path.join(folder, "results")).flatMap((file) => {
    const { result_keys: keys = {}, pubsub = [] } = readJson(`results/${file}`) as {
      readonly result_keys?: Readonly<Record<string, { readonly value?: string }>>;
      readonly pubsub?: readonly { readonly channel: string; readonly data: string }[];
    };
    const stored = Object.entries(keys).filter(([key]) => key.startsWith("celery-task-meta-"));
    const told = pubsub.filter(({ channel }) => channel.startsWith("celery-task-meta-"));
    const texts = [...stored.map(([, { value }]) => value ?? ""), ...told.map(({ data }) => data)];
    return texts.map((text) => [file, text] as const);
  });
}

/** A file of the captures. */
export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(path.join(folder, file), "utf8"));
}

function toMessage(envelope: Envelope): Message {
  const { headers, properties, body } = envelope;
  return {
    headers,
    body: Buffer.from(body, "base64"),
    properties: {
      messageId: "captured",
      contentType: envelope["content-type"],
      contentEncoding: envelope["content-encoding"],
      correlationId: properties.correlation_id,
      replyTo: properties.reply_to,
      priority: properties.priority,
    },
  };
}
