import type { Backend, ResultPut } from "@lovage/backend";
import { rpcBackend } from "@lovage/backend-amqp";
import type { RpcBackendOptions } from "@lovage/backend-amqp";
import { onTestFinished } from "vitest";
import { eventually } from "../processes/eventually.ts";

/** A task that succeeded, for the caller with that queue. */
export function resultFor(replyTo: string, taskId: string): ResultPut {
  const document = JSON.stringify({ status: "SUCCESS", result: taskId, task_id: taskId });
  return { taskId, state: "SUCCESS", document, fence: [0, 1], expiresInMs: 60_000, replyTo };
}

/** Opens results over rpc, until the end of the test. */
export async function openRpc(url: string, options: RpcBackendOptions = {}): Promise<Backend> {
  const backend = await rpcBackend({ url: url.replace("amqp:", "rpc:"), heartbeat: "1s", ...options });
  onTestFinished(async () => await backend.close());
  return backend;
}

/** Waits until the caller has all of these. */
export async function come({ results }: Backend, taskIds: readonly string[]): Promise<void> {
  const areThere = async (): Promise<boolean> =>
    (await results?.get(taskIds))?.every((each) => each !== undefined) === true;
  await eventually(areThere, { what: `results of ${taskIds.join(", ")}`, withinMs: 30_000 });
}

/** Stores as a worker does, which tries again what is refused for now. */
export async function tryPut({ results }: Backend, puts: readonly ResultPut[], refusals: unknown[]): Promise<boolean> {
  try {
    await results?.put(puts);
    return true;
  } catch (error) {
    refusals.push(error);
    return false;
  }
}

/** A refusal after which a worker tries again. */
export const passing = { code: "BACKEND_UNAVAILABLE", retryable: true };
