import type { HeaderValue, Headers, Message } from "@lovage/transport";

import type { FieldReader } from "./field-reader.ts";
import { isObject } from "./is-object.ts";
import type { TaskCall } from "./task-call.ts";
import { KEEP_RESULT, LANGUAGE, protocolHeaders } from "./task-headers.ts";

type Draft = { -readonly [Key in keyof TaskCall]: TaskCall[Key] };

type Reading = (call: Draft, reader: FieldReader, fields: Readonly<Record<string, unknown>>) => void;

/** What each header says. Most calls have a few of these, so that the call's headers are gone through and not this list. */
const readings: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  ["retries", (call, reader) => set(call, "retries", reader.count("retries"))],
  ["root_id", (call, reader) => set(call, "rootId", reader.id("root_id"))],
  ["parent_id", (call, reader) => set(call, "parentId", reader.id("parent_id"))],
  ["group", (call, reader) => set(call, "groupId", reader.id("group"))],
  ["taskset", (call, reader) => set(call, "groupId", reader.id("group") ?? reader.id("taskset"))],
  ["group_index", (call, reader) => set(call, "groupIndex", reader.count("group_index"))],
  ["eta", (call, reader) => set(call, "etaMs", reader.instant("eta"))],
  ["expires", (call, reader) => set(call, "expiresAtMs", reader.instant("expires"))],
  ["timelimit", readTimeLimits],
  ["ignore_result", readIgnoreResult],
  ["shadow", (call, reader) => set(call, "shadow", reader.textOrNothing("shadow"))],
  ["origin", (call, reader) => set(call, "origin", reader.textOrNothing("origin"))],
]);

/** Adds to a call what the headers (or, in protocol 1, the body) say beside name and id. @throws PAYLOAD_DECODE */
export function addHeaders(call: Draft, reader: FieldReader, fields: Readonly<Record<string, unknown>>): void {
  for (const name in fields) readings.get(name)?.(call, reader, fields);
  set(call, "stamps", stampsOf(fields));
}

function readTimeLimits(call: Draft, reader: FieldReader): void {
  const [timeLimitMs, softTimeLimitMs] = reader.timeLimits("timelimit");
  set(call, "timeLimitMs", timeLimitMs);
  set(call, "softTimeLimitMs", softTimeLimitMs);
}

/**
 * Celery writes `false` into every message whose caller said nothing, as Lovage does where Celery reads it, and workers go by their task's own option then. On
 * queues of its own Lovage writes only what its caller said.
 */
function readIgnoreResult(call: Draft, reader: FieldReader, fields: Readonly<Record<string, unknown>>): void {
  const isIgnored = reader.boolean("ignore_result");
  const isLean = fields["replaced_task_nesting"] === undefined;
  const isChosen = isIgnored === true || (fields["lang"] === LANGUAGE && (isLean || fields[KEEP_RESULT] === true));
  if (isChosen) set(call, "ignoreResult", isIgnored);
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
  for (const name in headers) if (!protocolHeaders.has(name)) return withoutProtocol(headers);
  return noHeaders;
}

function withoutProtocol(headers: Headers): Headers {
  // Entries become own properties, `__proto__` too.
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !protocolHeaders.has(name)));
}

function stampsOf({ stamps }: Readonly<Record<string, unknown>>): Record<string, HeaderValue> | undefined {
  return isObject(stamps) && Object.keys(stamps).length > 0 ? (stamps as Record<string, HeaderValue>) : undefined;
}

function set<Key extends keyof TaskCall>(call: Draft, key: Key, value: TaskCall[Key] | undefined): void {
  if (value !== undefined) call[key] = value;
}
