import type { ResultState } from "@lovage/backend";

import { mayHoldTags, parseJson, readTags } from "./decode-json.ts";
import { PayloadDecodeError } from "./errors.ts";
import { isObject } from "./is-object.ts";
import { readResultTuples } from "./result-tuple.ts";
import type { ResultNode } from "./result-tuple.ts";
import type { TaskException } from "./task-exception.ts";
import { parseWireTime } from "./wire-time.ts";

/** A result document, read. */
export interface DecodedResult {
  readonly state: ResultState;
  /** Absent in documents of some foreign writers. */
  readonly taskId: string | undefined;
  /** What the task returned, or the data of another state; `undefined` where `error` is. */
  readonly value: unknown;
  /** What went wrong, for FAILURE, RETRY and REVOKED. */
  readonly error: TaskException | undefined;
  readonly dateDoneMs: number | undefined;
  /** What the task has sent. */
  readonly children: readonly ResultNode[];
  readonly groupId: string | undefined;
  readonly parentId: string | undefined;
}

/** How a document is read. */
export interface DecodeResultOptions {
  /** What tagged values become: what a task would be given, or what can be sent on as it came. @default "values" */
  readonly tags?: "values" | "tags";
  /** Zone of tagged times without an offset. @default "UTC" */
  readonly timezone?: string;
}

const errorStates: ReadonlySet<string> = new Set(["FAILURE", "RETRY", "REVOKED"]);

/**
 * Reads a result document, of ours or of any Celery. A document may lack all but its status; an exception may be an object, a text or null.
 * @throws PAYLOAD_DECODE for what is no result document
 */
export function decodeResult(text: string, options: DecodeResultOptions = {}): DecodedResult {
  const { tags = "values", timezone = "UTC" } = options;
  const document = parseJson(text, "The result document");
  const state = isObject(document) ? textOf(document["status"]) : undefined;
  if (!isObject(document) || state === undefined) {
    throw new PayloadDecodeError('The result document must be an object with a "status".', { fault: "shape" });
  }
  const raw = document["result"] ?? null;
  const value = mayHoldTags(text) ? readTags(raw, { timezone, as: tags, subject: "The result" }) : raw;
  const hasFailed = errorStates.has(state);
  return {
    state,
    taskId: textOf(document["task_id"]),
    value: hasFailed ? undefined : value,
    error: hasFailed ? readException(value, textOf(document["traceback"])) : undefined,
    // Celery 5.2 writes it without an offset, in UTC wherever it runs.
    dateDoneMs: parseWireTime(textOf(document["date_done"]) ?? "", "UTC"),
    children: readResultTuples(document["children"]),
    groupId: textOf(document["group_id"]),
    parentId: textOf(document["parent_id"]),
  };
}

/** An exception of any writer (wire format, 7.2). */
export function readException(value: unknown, traceback: string | undefined): TaskException {
  if (!isObject(value)) {
    const message = typeof value === "string" ? value : "The worker stored no error.";
    return { type: "Error", message, args: [message], module: undefined, traceback };
  }
  const { exc_type: type, exc_message: content, exc_module: module } = value;
  const args = Array.isArray(content) ? (content as readonly unknown[]) : [content ?? ""];
  return { type: textOf(type) ?? "Error", message: messageOf(args), args, module: textOf(module), traceback };
}

/** One argument is the message, as nearly always; of several, all are told. */
function messageOf(args: readonly unknown[]): string {
  const [first] = args;
  if (args.length <= 1) return typeof first === "string" ? first : args.length === 0 ? "" : JSON.stringify(first);
  return args.map((arg) => (typeof arg === "string" ? arg : JSON.stringify(arg))).join(", ");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
