import type { ResultState } from "@lovage/backend";
import { hasCode } from "@lovage/foundation";

import { encodeJson } from "./encode-json.ts";
import type { PayloadEncodeError } from "./errors.ts";
import { PayloadTooLargeError, ResultEncodeError } from "./errors.ts";
import { toResultTuple } from "./result-tuple.ts";
import type { ResultNode } from "./result-tuple.ts";
import type { TaskException } from "./task-exception.ts";
import { MAX_RESULT_DEPTH } from "./value-check.ts";
import { formatWireTime } from "./wire-time.ts";

/** Largest value that is stored as a result unless the app says otherwise. */
const DEFAULT_MAX_RESULT_BYTES = 256 * 1_024;

/** A result to write. */
export interface ResultContent {
  readonly taskId: string;
  readonly state: ResultState;
  /** What the task returned, or the data of another state (progress, say). `undefined` is stored as null. */
  readonly value?: unknown;
  /** What went wrong, for FAILURE, RETRY and REVOKED; instead of `value`. */
  readonly exception?: TaskException;
  /** When it ended; left out for states that are not final. */
  readonly dateDoneMs?: number;
  /** What the task has sent. */
  readonly children?: readonly ResultNode[];
  readonly groupId?: string;
  readonly parentId?: string;
  /** Name of the task, for the error. */
  readonly task?: string;
  /** Largest value, in bytes. @default 262_144 */
  readonly maxBytes?: number;
}

/**
 * A result document, JSON text in Celery's form (wire format, 7.1). Documents with an exception always encode.
 * @throws RESULT_ENCODE with the path of the value, PAYLOAD_TOO_LARGE
 */
export function encodeResult(content: ResultContent): string {
  const { exception, dateDoneMs, children = [], groupId, parentId } = content;
  const result = exception === undefined ? encodeValue(content) : encodeException(exception);
  const dateDone = dateDoneMs === undefined ? "null" : `"${formatWireTime(dateDoneMs, "date_done")}"`;
  return [
    `{"status":${JSON.stringify(content.state)},"result":${result}`,
    `,"traceback":${JSON.stringify(exception?.traceback ?? null)}`,
    `,"children":${children.length === 0 ? "[]" : JSON.stringify(children.map(toResultTuple))}`,
    `,"date_done":${dateDone}`,
    groupId === undefined ? "" : `,"group_id":${JSON.stringify(groupId)}`,
    parentId === undefined ? "" : `,"parent_id":${JSON.stringify(parentId)}`,
    `,"task_id":${JSON.stringify(content.taskId)}}`,
  ].join("");
}

/** @throws RESULT_ENCODE, PAYLOAD_TOO_LARGE */
function encodeValue({ value, task = "?", taskId, maxBytes = DEFAULT_MAX_RESULT_BYTES }: ResultContent): string {
  if (value === undefined || value === null) return "null";
  const subject = `The result of task "${task}" (${taskId})`;
  const options = { root: "result", subject, maxBytes, maxDepth: MAX_RESULT_DEPTH };
  try {
    const text = encodeJson(value, options);
    const bytes = text.length * 3 <= maxBytes ? 0 : Buffer.byteLength(text);
    if (bytes <= maxBytes) return text;
    throw new PayloadTooLargeError(subject, { bytes, maxBytes });
  } catch (error) {
    if (!hasCode(error, "PAYLOAD_ENCODE")) throw error;
    const { message, path, cause } = error as PayloadEncodeError;
    throw new ResultEncodeError(message.replace("cannot be sent", "cannot be stored"), { path, cause });
  }
}

/** An exception as the wire has it: what its constructor was given may be anything, so that the message stands in for it. */
export function encodeException({ type, args, module, message }: TaskException): string {
  const head = `{"exc_type":${JSON.stringify(type)},"exc_message":`;
  const tail = `,"exc_module":${JSON.stringify(module ?? "js")}}`;
  return `${head}${encodeArgs(args) ?? JSON.stringify([message])}${tail}`;
}

const maxArgsBytes = 16_384;

function encodeArgs(args: readonly unknown[]): string | undefined {
  try {
    return encodeJson(args, { root: "args", subject: "The error", maxBytes: maxArgsBytes, maxDepth: MAX_RESULT_DEPTH });
  } catch {
    // Too large, or not JSON: the message is, always.
    return undefined;
  }
}
