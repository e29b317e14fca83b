import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { currentTask } from "../app/current-task.ts";
import type { TaskDefinition } from "../app/task-definition.ts";
import { givenArguments } from "../protocol/given-arguments.ts";
import type { CallEmbed, TaskCall } from "../protocol/task-call.ts";
import type { CheckedCallOptions } from "./check-call-options.ts";

const noKwargs: TaskCall["kwargs"] = Object.freeze({});
const noHeaders: TaskCall["headers"] = Object.freeze({});

/** Names this process to whoever looks at a message; the form is Celery's. */
export const origin: string = `gen${process.pid}@${hostname()}`;

/** What a call is made of. */
export interface CallParts {
  readonly args: readonly unknown[];
  readonly embed: CallEmbed;
  /** Those of the call, with the task's own beneath. */
  readonly options: CheckedCallOptions;
  readonly nowMs: number;
}

/** One call of a task, in the lineage of the task that sends it, if one does. */
export function createCall({ name }: TaskDefinition, { args, embed, options, nowMs }: CallParts): TaskCall {
  const sender = currentTask.getStore();
  const id = options.taskId ?? randomUUID();
  const call: Draft = {
    id,
    task: name,
    args: givenArguments(args),
    kwargs: options.kwargs ?? noKwargs,
    embed,
    retries: 0,
    rootId: sender?.rootId ?? id,
    headers: options.headers ?? noHeaders,
    origin,
  };
  if (sender !== undefined) call.parentId = sender.id;
  addOptions(call, options, nowMs);
  return call;
}

type Draft = { -readonly [Key in keyof TaskCall]: TaskCall[Key] };

function addOptions(call: Draft, options: CheckedCallOptions, nowMs: number): void {
  const { expires, priority, timeLimitMs, softTimeLimitMs, ignoreResult, key, shadow } = options;
  if (expires !== undefined) call.expiresAtMs = "atMs" in expires ? expires.atMs : nowMs + expires.inMs;
  if (priority !== undefined) call.priority = priority;
  if (timeLimitMs !== undefined) call.timeLimitMs = timeLimitMs;
  if (softTimeLimitMs !== undefined) call.softTimeLimitMs = softTimeLimitMs;
  if (ignoreResult !== undefined) call.ignoreResult = ignoreResult;
  if (key !== undefined) call.key = key;
  if (shadow !== undefined) call.shadow = shadow;
}
