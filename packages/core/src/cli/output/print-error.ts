import { hasCode, isLovageError, maskSecrets } from "@lovage/foundation";
import { styleText } from "node:util";
import { printNote } from "./print.ts";
import { userStack } from "./user-stack.ts";

/**
 * Tells why a command failed: of an error of ours the message, which says what to do; of a task that failed what its worker wrote; of any other
 * error the stack.
 */
export async function printError(error: unknown): Promise<void> {
  const text = errorText(error);
  const label = styleText("red", "lovage:", { stream: process.stderr });
  await printNote(`${label} ${text}\n`);
}

function errorText(error: unknown): string {
  if (hasCode(error, "REMOTE_TASK_FAILED")) return remoteText(error);
  return isLovageError(error) ? error.message : maskSecrets(userStack(error));
}

function remoteText(error: Error & { readonly remoteStack?: unknown }): string {
  const { name, message, remoteStack } = error;
  return maskSecrets(
    typeof remoteStack === "string"
      ? `The task failed. ${remoteStack.trimEnd()}`
      : `The task failed. ${name}: ${message}`,
  );
}
