import type { Headers, HeaderValue, Message } from "@lovage/transport";

import { messageIdOf } from "./encode-task.ts";
import type { TaskCall } from "./task-call.ts";
import { formatWireTime } from "./wire-time.ts";

/** What a retry changes. */
export interface RetryMessageOptions {
  /** Retries before the new run. */
  readonly retries: number;
  /** Write this instant as the header `eta`. On queues of Lovage's own the delay is the broker's instead. */
  readonly etaMs?: number;
  /** Whether Celery's workers read the queue: then the headers that Celery's own retry changes change as well. @default false */
  readonly celery?: boolean;
}

/**
 * The message of a task again, for its next run: the same body bytes, every other header kept. A message of protocol 1 thereby becomes
 * the hybrid of both (headers over an old body), which every reader of protocol 1 knows.
 * @param original The message that was delivered.
 * @param call What it was decoded to.
 */
export function retryMessage(original: Message, call: TaskCall, options: RetryMessageOptions): Message {
  const { retries, etaMs, celery = false } = options;
  // A fresh message was not delivered before, and no longer waits for what the last one waited for.
  const { redelivered: _redelivered, eta: _eta, ...kept } = original.headers;
  const changed: Record<string, HeaderValue> = { task: call.task, id: call.id, retries };
  if (etaMs !== undefined) changed["eta"] = formatWireTime(etaMs, "eta");
  else if (celery || hasEtaInBody(original.headers, call)) changed["eta"] = null;
  if (celery) {
    changed["root_id"] = call.rootId;
    changed["parent_id"] = call.id;
  }
  return {
    body: original.body,
    headers: { ...kept, ...changed },
    properties: { ...original.properties, messageId: messageIdOf(call.id, retries) },
  };
}

/** Protocol 1 has it in the body, which is not written again: a header must stand over it. */
function hasEtaInBody(headers: Headers, call: TaskCall): boolean {
  return call.etaMs !== undefined && headers["eta"] === undefined;
}
