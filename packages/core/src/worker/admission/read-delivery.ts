import { isLovageError } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import type { TaskRegistry } from "../../app/app-runtime.ts";
import { decodeTask } from "../../protocol/decode-task.ts";
import type { DecodeTaskOptions } from "../../protocol/decode-task.ts";
import type { PayloadDecodeError } from "../../protocol/errors.ts";
import type { TaskCall } from "../../protocol/task-call.ts";
import type { Intake } from "../intake/intake.ts";
import type { Outcome } from "../run/outcome.ts";
import { TaskRun } from "../run/task-run.ts";
import type { EndOfRun } from "../run/task-run.ts";

/** What reading takes. */
export interface ReadingParts extends DecodeTaskOptions {
  readonly tasks: TaskRegistry;
  readonly onEnd: EndOfRun;
}

/** A run, and how it ends at once where its message cannot be read. */
export interface ReadDelivery {
  readonly run: TaskRun;
  readonly fault: Outcome | undefined;
}

/** Makes a run of a delivery. What cannot be decoded becomes one too, for as much as is known of its task, so that it ends like any other. */
export function readDelivery(delivery: Delivery, intake: Intake, parts: ReadingParts): ReadDelivery {
  try {
    const call = decodeTask(delivery.message, parts);
    return {
      run: new TaskRun({ delivery, call, definition: parts.tasks.get(call.task), intake, onEnd: parts.onEnd }),
      fault: undefined,
    };
  } catch (error) {
    const call = callOf(delivery, error);
    const run = new TaskRun({ delivery, call, definition: parts.tasks.get(call.task), intake, onEnd: parts.onEnd });
    return { run, fault: { kind: "failure", error, reason: "undecodable" } };
  }
}

/** What of a call its failure is told by. Without an id there is no result to write. */
function callOf({ message }: Delivery, error: unknown): TaskCall {
  const { headers, properties } = message;
  const { taskId, task = "unknown" } = isLovageError(error) ? (error as PayloadDecodeError) : {};
  const id = taskId ?? properties.messageId;
  const call: TaskCall = { id, task, args: [], kwargs: {}, embed: {}, retries: 0, rootId: id, headers: {} };
  if (taskId === undefined) return { ...call, ignoreResult: true };
  const { replyTo } = properties;
  const { group, parent_id: parentId } = headers;
  return {
    ...call,
    ...(replyTo !== undefined && replyTo !== "" && { replyTo }),
    ...(typeof group === "string" && { groupId: group }),
    ...(typeof parentId === "string" && { parentId }),
  };
}
