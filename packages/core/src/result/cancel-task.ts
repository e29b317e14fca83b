import type { Results } from "@lovage/backend";
import { isFinalState } from "@lovage/backend";
import type { Connection } from "@lovage/transport";
import type { AppRuntime } from "../app/app-runtime.ts";
import { controlChannel, encodeRevoke } from "../control/revoke-message.ts";
import { encodeResult } from "../protocol/encode-result.ts";
import { revokedException } from "../protocol/task-exception.ts";
import { NoResultBackendError } from "./errors.ts";

/** How a call is cancelled. */
export interface CancelTaskOptions {
  readonly runtime: AppRuntime;
  readonly terminate: boolean;
  /** How long the REVOKED result is kept, and with it the revocation for workers that start later: until the call comes to its turn, at least. */
  readonly expiresInMs: number;
}

/** A call comes to its turn nobody knows when: after a backlog, a retry, the steps before it. So long the cancellation is kept, at least. */
export const cancelledMs: number = 31 * 86_400_000;

/**
 * Cancels a call: a REVOKED result, which workers read and which no other result replaces, and a broadcast to those that run.
 * @returns `false` when the task had ended with a result before
 * @throws NO_RESULT_BACKEND when workers cannot be told in either way
 */
export async function cancelTask(taskId: string, options: CancelTaskOptions): Promise<boolean> {
  const { runtime, terminate } = options;
  const [backend, connection] = await Promise.all([runtime.backend(), runtime.connection()]);
  const results = backend?.results;
  if (results === undefined && connection.broadcast === undefined) {
    throw new NoResultBackendError(
      `Task ${taskId} cannot be cancelled: there is no result backend, and the broker cannot broadcast to workers.`,
    );
  }
  if (results !== undefined && !(await putRevoked(taskId, results, options))) return false;
  await broadcastRevoke(taskId, connection, terminate);
  return true;
}

async function putRevoked(taskId: string, results: Results, options: CancelTaskOptions): Promise<boolean> {
  const { runtime, terminate, expiresInMs } = options;
  // FAILURE could be replaced (a newer delivery may do so), but a task that has failed is not cancelled any more.
  const [before] = await results.get([taskId]);
  if (before !== undefined && isFinalState(before.state)) return before.state === "REVOKED";
  const exception = revokedException(terminate ? "terminated" : "revoked");
  const document = encodeResult({ taskId, state: "REVOKED", exception, dateDoneMs: runtime.clock.now() });
  // When a retry is due only its message says.
  const keptMs = before?.state === "RETRY" ? Math.max(cancelledMs, expiresInMs) : expiresInMs;
  const [outcome] = await results.put([{ taskId, state: "REVOKED", document, fence: null, expiresInMs: keptMs }]);
  if (outcome === "stored") return true;
  const [after] = await results.get([taskId]);
  return after?.state === "REVOKED";
}

async function broadcastRevoke(taskId: string, { broadcast }: Connection, terminate: boolean): Promise<void> {
  await broadcast?.publish(controlChannel, encodeRevoke({ taskIds: [taskId], terminate }));
}
