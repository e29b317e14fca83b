import { randomUUID } from "node:crypto";
import type { Log } from "@lovage/foundation";
import { LovageError } from "@lovage/foundation";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { RetryOptions, TaskContext } from "../worker/run/task-context.ts";

/** The context of a bound task that is called as a plain function: no message, no lease, nothing stored. `retry` gives an error with code `RETRY_LOCAL`. */
export function localContext(name: string, log: Log): TaskContext {
  const id = randomUUID();
  return {
    id,
    name,
    retries: 0,
    rootId: id,
    parentId: undefined,
    groupId: undefined,
    headers: {},
    delivery: { queue: "", count: 1, redelivered: false, token: id },
    signal: new AbortController().signal,
    log: log.child({ task: name, taskId: id }),
    updateState: () => Promise.resolve(),
    transaction: () => {
      const text = `Task "${name}" wants to end in a transaction; it was called as a function, so it has no broker.`;
      return Promise.reject(new FeatureUnsupportedError(text));
    },
    retry: (options: RetryOptions = {}) =>
      new LovageError(`Task "${name}" asked for a retry; it was called as a function, so nobody retries it.`, {
        code: "RETRY_LOCAL",
        cause: options.cause,
      }),
  };
}
