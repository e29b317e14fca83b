import type { AsyncResource } from "node:async_hooks";
import type { Clock, Timer } from "@lovage/foundation";
import { currentTask } from "../../app/current-task.ts";
import type { TaskDefinition } from "../../app/task-definition.ts";
import type { TaskCall } from "../../protocol/task-call.ts";
import { SoftTimeLimitExceeded, TimeLimitExceeded } from "../run/errors.ts";
import { RunContext } from "./run-context.ts";
import type { RunContextParts } from "./run-context.ts";
import type { Outcome } from "../run/outcome.ts";
import { isRetryRequest } from "../run/retry-request.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What running takes. */
export interface ExecutionParts extends RunContextParts {
  readonly clock: Clock;
  /** The asynchronous context in which functions begin: the worker's own. */
  readonly scope: AsyncResource;
  /** What becomes of a run whose function threw. */
  decide(run: TaskRun, thrown: unknown): Outcome;
  /** The function has returned at last, after its run had ended. */
  returnedLate(run: TaskRun): void;
}

type Handler = NonNullable<TaskDefinition["run"]>;

/** Runs the function of a task; the run ends when it has returned or thrown, or when its hard time limit has passed. Never throws. */
export function execute(run: TaskRun, args: readonly unknown[], parts: ExecutionParts): void {
  const handler = run.definition?.run as Handler;
  const context = new RunContext(run, parts);
  run.limits = startLimits(run, parts);
  let returned: unknown;
  run.hasReturned = false;
  try {
    returned = parts.scope.runInAsyncScope(enter, undefined, run.call, handler, context, args);
    if (isThenable(returned)) {
      void follow(run, returned, parts);
      return;
    }
  } catch (thrown) {
    run.hasReturned = true;
    run.end(parts.decide(run, thrown));
    return;
  }
  run.hasReturned = true;
  run.end(outcomeOf(run, returned, parts));
}

/**
 * What the function calls, now and later, knows its call. `currentTask.run` would do the same and make a second copy of all contexts to come back from it, which costs five
 * times as much as to leave the scope.
 */
function enter(call: TaskCall, handler: Handler, context: RunContext, args: readonly unknown[]): unknown {
  currentTask.enterWith(call);
  return handler(context, args);
}

/** `return task.retry()` is meant as `throw task.retry()`: as a result it could not even be written. */
function outcomeOf(run: TaskRun, returned: unknown, parts: ExecutionParts): Outcome {
  return isRetryRequest(returned) ? parts.decide(run, returned) : { kind: "success", value: returned };
}

/** Reading `then` may throw; that is then what the function threw. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" && typeof value !== "function") return false;
  return value !== null && typeof (value as { readonly then?: unknown }).then === "function";
}

/** Ends the run with what the promise becomes. Never rejects. */
async function follow(run: TaskRun, promise: PromiseLike<unknown>, parts: ExecutionParts): Promise<void> {
  let outcome: Outcome;
  try {
    outcome = outcomeOf(run, await promise, parts);
  } catch (thrown) {
    outcome = run.isEnded ? { kind: "dropped", why: "ended before" } : parts.decide(run, thrown);
  }
  run.hasReturned = true;
  if (run.isEnded) parts.returnedLate(run);
  else run.end(outcome);
}

/** The limits of the call, else those of the task. A timer is started only where there is a limit. */
function startLimits(run: TaskRun, parts: ExecutionParts): Timer | undefined {
  const { call, definition } = run;
  const softMs = call.softTimeLimitMs ?? definition?.options.softTimeLimitMs;
  const hardMs = call.timeLimitMs ?? definition?.options.timeLimitMs;
  if (softMs === undefined && hardMs === undefined) return undefined;
  const { clock } = parts;
  const soft =
    softMs === undefined
      ? undefined
      : clock.timer(softMs, () => run.abort(new SoftTimeLimitExceeded(call.task, softMs)));
  const hard = hardMs === undefined ? undefined : clock.timer(hardMs, () => endByForce(run, hardMs, parts));
  return {
    cancel: () => {
      soft?.cancel();
      hard?.cancel();
    },
  };
}

function endByForce(run: TaskRun, limitMs: number, parts: ExecutionParts): void {
  if (run.isEnded) return;
  const error = new TimeLimitExceeded(run.call.task, limitMs);
  run.abort(error);
  run.end(parts.decide(run, error));
}
