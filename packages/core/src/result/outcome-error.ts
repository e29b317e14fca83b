import type { DecodedResult } from "../protocol/decode-result.ts";
import { RemoteTaskError, TaskRevokedError } from "./errors.ts";

/** The error that a stored outcome stands for. */
export function outcomeError(taskId: string, { state, error }: DecodedResult): RemoteTaskError | TaskRevokedError {
  if (state === "REVOKED") return new TaskRevokedError(taskId, error?.message);
  return new RemoteTaskError({
    taskId,
    name: error?.type ?? "Error",
    message: error?.message ?? `The task ended with ${state}.`,
    exceptionModule: error?.module,
    exceptionArgs: error?.args,
    remoteStack: error?.traceback,
  });
}
