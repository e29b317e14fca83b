import { LovageError, silentLog, validate } from "@lovage/foundation";
import { createSignature } from "../canvas/create-signature.ts";
import type { CanvasSender } from "../canvas/canvas-sender.ts";
import { PayloadValidationError } from "../protocol/errors.ts";
import type { ApplyOptions } from "./apply-options.ts";
import type { ManyCallOptions } from "./call-options.ts";
import type { CallSender } from "./call-sender.ts";
import { localContext } from "./local-context.ts";
import type { TaskDeclaration } from "./task-declaration.ts";
import { attachHandle } from "./task-handle.ts";
import type { TaskHandle } from "./task-handle.ts";
import type { Task, TaskHandler } from "./task.ts";

type Args = readonly unknown[];

/**
 * Makes the callable of a task.
 * @param sender Gives what its calls go through; throws when there is none.
 */
export function createTask(handle: TaskHandle, sender: () => CallSender): Task<TaskHandler> {
  const { declaration } = handle;
  const call = (...args: Args): unknown => runHere(declaration, args);
  const canvas = (): CanvasSender => sender().canvas;
  const calls = {
    s: (...args: Args) => createSignature({ task: declaration.name, args, sender: canvas }),
    si: (...args: Args) => createSignature({ task: declaration.name, args, immutable: true, sender: canvas }),
    delay: (...args: Args) => through(sender, (found) => found.send(declaration, args)),
    applyAsync: (args: Args, options?: ApplyOptions<unknown>) =>
      through(sender, (found) => found.send(declaration, args, options)),
    applyMany: (list: readonly Args[], options?: ManyCallOptions) =>
      through(sender, (found) => found.sendMany(declaration, list, options)),
  };
  Object.defineProperty(call, "name", { value: declaration.name });
  attachHandle(call, handle);
  return Object.assign(call, calls) as Task<TaskHandler>;
}

/** What is thrown because there is no sender rejects as all else does. No async function, which would wait for the sender's promise once more. */
function through<Sent>(sender: () => CallSender, send: (found: CallSender) => Promise<Sent>): Promise<Sent> {
  try {
    return send(sender());
  } catch (error) {
    return rejected(error as Error);
  }
}

function rejected(error: Error): Promise<never> {
  return Promise.reject(error);
}

/** Runs the handler as the function that it is; only a schema makes it asynchronous. */
function runHere({ name, input, run }: TaskDeclaration, args: Args): unknown {
  if (run === undefined) {
    throw new LovageError(
      `Task "${name}" lives elsewhere and cannot be called here: send it with delay or applyAsync.`,
      {
        code: "TASK_REMOTE",
      },
    );
  }
  const context = localContext(name, silentLog);
  if (input === undefined) return run(context, args);
  return Promise.resolve(validate(input, args, { root: "args" })).then((checked) => {
    if (checked.issues !== undefined) throw new PayloadValidationError(name, checked.issues);
    return run(context, checked.value as Args);
  });
}
