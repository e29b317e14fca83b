import type { App } from "lovage";
import { hasCode } from "@lovage/foundation";
import type { PythonResult } from "../celery/python-driver.ts";

/** A result as Lovage's client reads it, in the words in which Python tells its own reading. */
export async function readByClient(client: App, id: string): Promise<PythonResult> {
  const result = client.result(id);
  try {
    const value = await result.get({ timeout: "60s" });
    return { state: await result.state(), value };
  } catch (error) {
    if (hasCode(error, "TASK_REVOKED")) return { state: "REVOKED", error: { type: "TaskRevokedError", args: [] } };
    if (!hasCode(error, "REMOTE_TASK_FAILED")) throw error;
    const { name, message, stack } = error as Error;
    return { state: "FAILURE", error: { type: name, args: [message] }, traceback: stack ?? null };
  }
}
