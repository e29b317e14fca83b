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
  if (hasCode(error, "QUEUE_NOT_FOUND")) return `${error.message} \`lovage queues\` shows those there are.`;
  if (isWriteFailure(error)) return `What was asked for cannot be written: ${error.message}.`;
  return isLovageError(error) ? error.message : maskSecrets(userStack(error));
}

/** As `print` hands on what the system says. */
function isWriteFailure(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && error.syscall === "write";
}

function remoteText(error: Error & { readonly remoteStack?: unknown }): string {
  const { name, message, remoteStack } = error;
  const told = typeof remoteStack === "string" ? remoteStack.trimEnd() : `${name}: ${message}`;
  return maskSecrets(`The task failed. ${withoutControl(told)}`);
}

/** What another program wrote must not move the terminal's cursor or colour what follows. */
function withoutControl(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, "\uFFFD");
}
