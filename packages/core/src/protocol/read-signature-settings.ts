import { hasCode, withoutUndefined } from "@lovage/foundation";
import type { HeaderValue } from "@lovage/transport";

import { PayloadDecodeError } from "./errors.ts";
import { FieldReader } from "./field-reader.ts";
import { isObject } from "./is-object.ts";
import { readObject, readSignature, readSignatures } from "./read-signature.ts";
import type { SignatureSettings } from "./signature-settings.ts";
import type { WireSignature } from "./task-call.ts";
import { fromTag, WireTag } from "./value-tags.ts";

type Options = WireSignature["options"];

/**
 * What the options of a signature say. Those that only mean something to Python's own routing are passed over.
 * @param timezone Where times without an offset were written.
 * @throws PAYLOAD_DECODE
 */
export function readSignatureSettings({ options, task }: WireSignature, timezone: string): SignatureSettings {
  try {
    return withoutUndefined({ ...readSending(options, timezone), ...readPlace(options) });
  } catch (error) {
    if (!hasCode(error, "PAYLOAD_DECODE")) throw error;
    throw new PayloadDecodeError(`Options of a signature of "${task}": ${error.message}`, {
      fault: "shape",
      cause: error,
    });
  }
}

type Loose<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

function readSending(options: Options, timezone: string): Loose<SignatureSettings> {
  const reader = new FieldReader(options, timezone);
  return {
    taskId: reader.id("task_id"),
    queue: reader.textOrNothing("queue"),
    priority: priorityOf(reader.count("priority")),
    countdownMs: reader.seconds("countdown"),
    etaMs: reader.instant("eta"),
    expires: readExpiry(reader, options["expires"]),
    timeLimitMs: reader.seconds("time_limit") || undefined,
    softTimeLimitMs: reader.seconds("soft_time_limit") || undefined,
    ignoreResult: reader.boolean("ignore_result"),
    headers: withoutTags(readObject(options["headers"], "headers")) as SignatureSettings["headers"],
    shadow: reader.textOrNothing("shadow"),
    key: reader.textOrNothing("key"),
    replyTo: reader.textOrNothing("reply_to"),
  };
}

/** Headers are plain JSON, in which nothing may look like a tag: a tagged value is its text. */
function withoutTags(value: unknown): unknown {
  if (value instanceof WireTag) return value.type === "uuid" ? fromTag(value.type, value.value, "UTC") : value.value;
  if (Array.isArray(value)) return value.map(withoutTags);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutTags(inner)]));
}

function readPlace(options: Options): Loose<SignatureSettings> {
  const reader = new FieldReader(options, "UTC");
  const chord = options["chord"] ?? undefined;
  return {
    groupId: reader.id("group_id"),
    groupIndex: reader.count("group_index"),
    chord: chord === undefined ? undefined : readSignature(chord, "chord"),
    chain: readSignatures(options["chain"], "chain"),
    callbacks: readLinks(options["link"], "link"),
    errbacks: readLinks(options["link_error"], "link_error"),
    stamps: readStamps(options),
  };
}

/** RabbitMQ lets Python go beyond what is the most urgent elsewhere. */
function priorityOf(priority: number | undefined): number | undefined {
  return priority === undefined ? undefined : Math.min(priority, 9);
}

/** Seconds from the moment it is sent, or an instant. */
function readExpiry(reader: FieldReader, value: unknown): SignatureSettings["expires"] | undefined {
  if (typeof value === "number") return { inMs: reader.seconds("expires") ?? 0 };
  const atMs = reader.instant("expires");
  return atMs === undefined ? undefined : { atMs };
}

/** One signature, or several. */
function readLinks(value: unknown, where: string): readonly WireSignature[] | undefined {
  return readSignatures(isObject(value) ? [value] : value, where);
}

/** The names of stamps are listed; their values stand beside the other options. */
function readStamps(options: Options): Record<string, HeaderValue> | undefined {
  const names = options["stamped_headers"];
  if (!Array.isArray(names)) return undefined;
  const known = names.filter((name): name is string => typeof name === "string" && Object.hasOwn(options, name));
  if (known.length === 0) return undefined;
  return Object.fromEntries(known.map((name) => [name, withoutTags(options[name]) as HeaderValue]));
}
