import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { TaskDefinition } from "../app/task-definition.ts";
import { currentTask } from "../app/current-task.ts";
import type { CallEmbed, TaskCall } from "../protocol/task-call.ts";
import type { CheckedCallOptions } from "./check-call-options.ts";

const noKwargs: TaskCall["kwargs"] = Object.freeze({});
const noEmbed: CallEmbed = Object.freeze({});
const noHeaders: TaskCall["headers"] = Object.freeze({});

/** Names this process to whoever looks at a message; the form is Celery's. */
const origin = `gen${process.pid}@${hostname()}`;

/** One call of a task: the task's options, those of the call above them, and the lineage of the task that sends it, if one does. */
export function createCall(
  definition: TaskDefinition,
  args: readonly unknown[],
  options: CheckedCallOptions,
  nowMs: number,
): TaskCall {
  const sender = currentTask.getStore();
  const id = options.taskId ?? randomUUID();
  const call: { -readonly [Key in keyof TaskCall]: TaskCall[Key] } = {
    id,
    task: definition.name,
    args,
    kwargs: options.kwargs ?? noKwargs,
    embed: noEmbed,
    retries: 0,
    rootId: sender?.rootId ?? id,
    headers: options.headers ?? noHeaders,
    origin,
  };
  if (sender !== undefined) call.parentId = sender.id;
  const priority = options.priority ?? definition.options.priority;
  if (priority !== undefined) call.priority = priority;
  const expiresAtMs = expiryOf(definition, options, nowMs);
  if (expiresAtMs !== undefined) call.expiresAtMs = expiresAtMs;
  addLimits(call, definition, options);
  if (options.key !== undefined) call.key = options.key;
  if (options.shadow !== undefined) call.shadow = options.shadow;
  return call;
}

function expiryOf(definition: TaskDefinition, { expires }: CheckedCallOptions, nowMs: number): number | undefined {
  if (expires !== undefined) return "atMs" in expires ? expires.atMs : nowMs + expires.inMs;
  const { expiresMs } = definition.options;
  return expiresMs === undefined ? undefined : nowMs + expiresMs;
}

/** What the message must say because the worker cannot know it: the wishes of this call, and the options of a task that lives elsewhere. */
function addLimits(
  call: { -readonly [Key in keyof TaskCall]: TaskCall[Key] },
  { options: own, run }: TaskDefinition,
  options: CheckedCallOptions,
): void {
  const isRemote = run === undefined;
  const timeLimitMs = options.timeLimitMs ?? (isRemote ? own.timeLimitMs : undefined);
  const softTimeLimitMs = options.softTimeLimitMs ?? (isRemote ? own.softTimeLimitMs : undefined);
  const ignoreResult = options.ignoreResult ?? (own.ignoreResult ? true : undefined);
  if (timeLimitMs !== undefined) call.timeLimitMs = timeLimitMs;
  if (softTimeLimitMs !== undefined) call.softTimeLimitMs = softTimeLimitMs;
  if (ignoreResult !== undefined) call.ignoreResult = ignoreResult;
}
