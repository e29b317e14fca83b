import { hasCode, isLovageError } from "@lovage/foundation";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { TransactedWork } from "@lovage/transport";
import { TaskEndedError, TaskTransactionError } from "../run/errors.ts";
import { isTransactionGivenUp } from "./failed-transaction.ts";
import { hasFollowUps, nothing } from "./hand-over.ts";
import type { HandOver } from "./hand-over.ts";
import type { RecordContent } from "../run/record-content.ts";
import type { ResultRecords } from "./result-records.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What completing takes. */
export interface CompletionParts {
  /** `undefined` without a backend for results. */
  readonly records: ResultRecords | undefined;
  readonly handOver: HandOver;
}

/** A function of the user's, given the transaction of the broker. */
export type WorkInTransaction<T> = (transaction: unknown) => Promise<T>;

/**
 * Runs work of the user's in a transaction of the broker, together with all that ends the task: what comes after it, its result where that is in the same database, and the
 * acknowledgement, which is fenced. So the effect of a task and its end are one. A result that is kept elsewhere is stored afterwards.
 * @throws what `work` throws; TASK_TRANSACTION when the broker failed: the task then runs again; what the broker refused; FEATURE_UNSUPPORTED
 */
export async function completeInTransaction<T>(
  run: TaskRun,
  work: WorkInTransaction<T>,
  parts: CompletionParts,
): Promise<T> {
  const { transact } = run.delivery;
  run.failedTransaction = undefined;
  if (transact === undefined) {
    throw new FeatureUnsupportedError(
      `Task "${run.call.task}" wants to end in a transaction, and its broker has none. Use a broker that is a database: postgres:.`,
    );
  }
  refuseUnfit(run);
  if (isTransactionGivenUp(run)) {
    const cause = "the answer to its commit was lost again and again.";
    throw (run.failedTransaction = new TaskTransactionError(run.call.task, { cause }));
  }
  const at: { thrown?: { readonly error: unknown }; record?: RecordContent; letGo?: () => void } = {};
  try {
    const value = await transact(async (transaction) => {
      // The wait for a connection may have outlasted it.
      if (run.isEnded) throw new TaskEndedError("transaction", run.call);
      const given = await tell(work(transaction), (error) => (at.thrown = { error }));
      at.letGo = run.hold();
      const { record, ...end } = await endIn(transaction, run, { value: given, parts });
      if (record !== undefined) at.record = record;
      return end;
    });
    run.complete({ kind: "success", value, settled: at.record === undefined ? {} : { record: at.record } });
    return value;
  } catch (error) {
    // Work whose connection has ended throws for that reason; what it threw is then not what comes out of the transaction.
    if ((at.thrown !== undefined && error === at.thrown.error) || !isOfBroker(error)) throw error;
    // Another delivery has it, or has done its work: where this one can still be settled, by an inbox that says so, nothing more may come of it.
    if (hasCode(error, "LEASE_LOST")) run.complete({ kind: "duplicate" });
    run.failedTransaction = new TaskTransactionError(run.call.task, { cause: error });
    throw run.failedTransaction;
  } finally {
    at.letGo?.();
  }
}

function refuseUnfit({ call, definition }: TaskRun): void {
  if (definition?.options.ack === "early") {
    throw new FeatureUnsupportedError(
      `Task "${call.task}" is acknowledged before it runs (ack: "early"), so it cannot end in a transaction.`,
    );
  }
  if (call.embed.chord !== undefined) {
    throw new FeatureUnsupportedError(
      `Task "${call.task}" is a member of a chord, whose arrival cannot be part of a transaction. Chain a task behind the chord that has one.`,
    );
  }
}

/** The end of a task that has succeeded, written in the transaction. `record` is left to be stored afterwards. */
async function endIn<T>(
  transaction: unknown,
  run: TaskRun,
  { value, parts: { records, handOver } }: { readonly value: T; readonly parts: CompletionParts },
): Promise<TransactedWork<T> & { readonly record?: RecordContent }> {
  if (run.isEnded) throw new TaskEndedError("transaction", run.call);
  const prepared = hasFollowUps(run.call) ? await handOver.prepare(run, { state: "SUCCESS", value }) : nothing;
  const { messages } = prepared === nothing ? nothing : await handOver.arrive(run, prepared);
  if (records === undefined || run.isResultIgnored) return { value, followUps: messages };
  const { children } = prepared;
  const record: RecordContent = { state: "SUCCESS", value, ...(children.length === 0 ? {} : { children }) };
  const outcome = await records.putIn(transaction, run, record);
  if (outcome === undefined) return { value, followUps: messages, record };
  // Cancelled, or ended by another delivery: nothing of this one may be seen.
  if (outcome !== "stored") throw new TaskTransactionError(run.call.task, { cause: `its result is ${outcome}` });
  return { value, followUps: messages };
}

async function tell<T>(work: Promise<T>, onThrown: (error: unknown) => void): Promise<T> {
  try {
    return await work;
  } catch (error) {
    onThrown(error);
    throw error;
  }
}

/** Nothing was done, or it is not known whether: the next delivery finds out. What was refused would be refused again: that is an error of the task's. */
function isOfBroker(error: unknown): boolean {
  return isLovageError(error) && (error.retryable || hasCode(error, "LEASE_LOST"));
}
