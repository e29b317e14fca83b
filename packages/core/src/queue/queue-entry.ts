import { hasCode } from "@lovage/foundation";
import type { BrowsedMessage } from "@lovage/transport";
import { decodeTask } from "../protocol/decode-task.ts";
import type { DecodeTaskOptions } from "../protocol/decode-task.ts";
import { pythonRepr } from "../protocol/python-repr.ts";
import type { TaskCall } from "../protocol/task-call.ts";
import type { QueueEntry } from "./queue-handle.ts";

/** What a person is shown of a message. Never throws: what cannot be decoded is shown by its id alone. */
export function toQueueEntry(browsed: BrowsedMessage, options: DecodeTaskOptions): QueueEntry {
  const { message, state, count, dueAtMs, death } = browsed;
  const call = decode(browsed, options);
  const { id, task } = message.headers;
  return {
    messageId: message.properties.messageId,
    taskId: call?.id ?? (typeof id === "string" ? id : undefined),
    task: call?.task ?? (typeof task === "string" ? task : undefined),
    argsRepr: call === undefined ? "" : pythonRepr(call.args, "tuple"),
    kwargsRepr: call === undefined ? "" : pythonRepr(call.kwargs, "list"),
    retries: call?.retries ?? 0,
    priority: message.properties.priority ?? 0,
    state,
    count,
    dueAtMs,
    death,
  };
}

function decode({ message }: BrowsedMessage, options: DecodeTaskOptions): TaskCall | undefined {
  try {
    return decodeTask(message, options);
  } catch (error) {
    if (!hasCode(error, "PAYLOAD_DECODE")) throw error;
    return undefined;
  }
}
