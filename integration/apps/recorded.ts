import process from "node:process";
import type { TaskContext } from "lovage";
import { LedgerWriter } from "../ledger/ledger-writer.ts";
import { codeOf } from "../scene/code-of.ts";

/** What the app of a test is told in its environment; `FAULTS_LEDGER` is the ledger's directory. */
const ledger = new LedgerWriter(process.env["FAULTS_LEDGER"] ?? "ledger");

/** Runs the body of a task between its two entries in the ledger. A body that throws, or never ends, has no second one. */
export async function recorded<T>(task: TaskContext, body: () => T | Promise<T>): Promise<T> {
  const run = runOf(task);
  ledger.write({ kind: "started", ...run });
  const value = await body();
  ledger.write({ kind: "finished", ...run });
  return value;
}

/** Has the abortion of the task's signal recorded. */
export function recordAbort(task: TaskContext): void {
  const run = runOf(task);
  const onAbort = (): void => ledger.write({ kind: "aborted", ...run, code: codeOf(task.signal.reason) });
  task.signal.addEventListener("abort", onAbort, { once: true });
}

/** Tries to store progress, and records whether that was accepted. */
export async function recordWrite(task: TaskContext, state: string): Promise<void> {
  const run = runOf(task);
  try {
    await task.updateState(state);
    ledger.write({ kind: "wrote", ...run });
  } catch (error) {
    ledger.write({ kind: "refused", ...run, code: codeOf(error) });
  }
}

function runOf({ id, retries, delivery: { token, count } }: TaskContext) {
  return { taskId: id, token, count, retries };
}
