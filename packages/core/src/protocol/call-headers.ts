import type { Headers, HeaderValue, Message } from "@lovage/transport";

import type { FieldReader } from "./field-reader.ts";
import { isObject } from "./is-object.ts";
import type { TaskCall } from "./task-call.ts";
import { protocolHeaders } from "./task-headers.ts";

type Draft = { -readonly [Key in keyof TaskCall]: TaskCall[Key] };

/** Adds to a call what the headers (or, in protocol 1, the body) say beside name and id. @throws PAYLOAD_DECODE */
export function addHeaders(call: Draft, reader: FieldReader, fields: Readonly<Record<string, unknown>>): void {
  const groupId = reader.id("group") ?? reader.id("taskset");
  const [timeLimitMs, softTimeLimitMs] = reader.timeLimits("timelimit");
  const stamps = stampsOf(fields);
  set(call, "parentId", reader.id("parent_id"));
  set(call, "groupId", groupId);
  set(call, "groupIndex", reader.count("group_index"));
  set(call, "etaMs", reader.instant("eta"));
  set(call, "expiresAtMs", reader.instant("expires"));
  set(call, "timeLimitMs", timeLimitMs);
  set(call, "softTimeLimitMs", softTimeLimitMs);
  set(call, "ignoreResult", reader.boolean("ignore_result"));
  set(call, "shadow", reader.textOrNothing("shadow"));
  set(call, "origin", reader.textOrNothing("origin"));
  set(call, "stamps", stamps);
}

/** Adds to a call what the properties say. */
export function addProperties(call: Draft, { properties }: Message): void {
  set(call, "replyTo", properties.replyTo === "" ? undefined : properties.replyTo);
  set(call, "priority", properties.priority);
  set(call, "key", properties.key);
}

const noHeaders: Headers = Object.freeze({});

/** Headers that are not the protocol's. */
export function userHeaders(headers: Headers): Headers {
  const names = Object.keys(headers).filter((name) => !protocolHeaders.has(name));
  // Entries become own properties, `__proto__` too.
  return names.length === 0 ? noHeaders : Object.fromEntries(names.map((name) => [name, headers[name] as HeaderValue]));
}

function stampsOf({ stamps }: Readonly<Record<string, unknown>>): Record<string, HeaderValue> | undefined {
  return isObject(stamps) && Object.keys(stamps).length > 0 ? (stamps as Record<string, HeaderValue>) : undefined;
}

function set<Key extends keyof TaskCall>(call: Draft, key: Key, value: TaskCall[Key] | undefined): void {
  if (value !== undefined) call[key] = value;
}
