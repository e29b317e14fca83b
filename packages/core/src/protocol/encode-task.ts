import type { Message, MessageProperties } from "@lovage/transport";

import { JSON_TYPE, UTF8_ENCODING } from "./content.ts";
import { encodeBody } from "./encode-body.ts";
import type { TaskCall } from "./task-call.ts";
import { fullHeaders, leanHeaders } from "./task-headers.ts";

/** Largest body that is sent unless the app says otherwise. */
const DEFAULT_MAX_PAYLOAD_BYTES = 256 * 1_024;

/** How a call is written. */
export interface EncodeTaskOptions {
  /**
   * | dialect | for queues that | headers | body |
   * |---|---|---|---|
   * | `lovage` | Lovage's workers read | `lang`, `task`, `id`, and what is not the default | embed `{}` where nothing follows |
   * | `celery` | Celery's workers read, too | all that Celery 5.6 writes | all four keys of the embed |
   *
   * Each is read by both.
   */
  readonly dialect: "lovage" | "celery";
  /** Largest body, in bytes. @default 262_144 */
  readonly maxPayloadBytes?: number;
}

/**
 * A call as a message of protocol 2. Pure: what the message says of time is what the call says.
 * @throws PAYLOAD_ENCODE with the path of the value, PAYLOAD_TOO_LARGE, OPTION_INVALID (a header or an instant that cannot be written)
 */
export function encodeTask(call: TaskCall, options: EncodeTaskOptions): Message {
  const { dialect, maxPayloadBytes = DEFAULT_MAX_PAYLOAD_BYTES } = options;
  return {
    body: encodeBody(call, dialect, maxPayloadBytes),
    headers: dialect === "lovage" ? leanHeaders(call) : fullHeaders(call),
    properties: dialect === "lovage" ? leanProperties(call) : fullProperties(call),
  };
}

/** Identifies one step of one task: a store that sees it twice may drop the second copy. */
export function messageIdOf(taskId: string, retries: number): string {
  return `${taskId}:${retries}`;
}

type Draft = { -readonly [Key in keyof MessageProperties]: MessageProperties[Key] };

function leanProperties(call: TaskCall): MessageProperties {
  const properties: Draft = {
    messageId: messageIdOf(call.id, call.retries),
    contentType: JSON_TYPE,
    contentEncoding: UTF8_ENCODING,
  };
  if (call.priority !== undefined) properties.priority = call.priority;
  if (call.key !== undefined) properties.key = call.key;
  if (call.replyTo !== undefined) {
    properties.replyTo = call.replyTo;
    properties.correlationId = call.id;
  }
  return properties;
}

function fullProperties(call: TaskCall): MessageProperties {
  return { ...leanProperties(call), correlationId: call.id, priority: call.priority ?? 0 };
}
