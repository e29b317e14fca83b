import type {
  PutOutcome,
  ResultPut,
  ResultRecord,
  Results,
  ResultWatch,
  Revocations,
  RevocationsOptions,
} from "@lovage/backend";
import { DocumentTooLargeError, isStickyState } from "@lovage/backend";
import type { Fence } from "@lovage/backend";
import type { Session } from "./session.ts";

/** Results in memory; see {@link Results}. */
export class MemoryResults implements Results {
  readonly #session: Session;
  readonly #maxDocumentBytes: number;

  constructor(session: Session, maxDocumentBytes: number) {
    this.#session = session;
    this.#maxDocumentBytes = maxDocumentBytes;
  }

  async put(puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> {
    for (const { taskId, document } of puts) this.#checkSize(taskId, document);
    return puts.map((put) => this.#putOne(put));
  }

  async get(taskIds: readonly string[]): Promise<readonly (ResultRecord | undefined)[]> {
    const { store, nowMs } = this.#session;
    return taskIds.map((taskId) => store.results.get(taskId, nowMs));
  }

  async watch(taskIds: readonly string[], listener: (record: ResultRecord) => void): Promise<ResultWatch> {
    const session = this.#session;
    const { results, watchers } = session.store;
    const read = (taskId: string): ResultRecord | undefined => results.get(taskId, session.nowMs);
    return session.keep(watchers.add({ taskIds, read, listener }));
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    const { results } = this.#session.store;
    for (const taskId of taskIds) results.delete(taskId);
  }

  async revocations(options: RevocationsOptions = {}): Promise<Revocations> {
    const { after = "0", limit = 10_000 } = options;
    const { store, nowMs } = this.#session;
    const taskIds: string[] = [];
    let cursor = Number(after);
    for (const [number, taskId] of store.revoked) {
      if (taskIds.length >= limit) break;
      if (number <= cursor) continue;
      cursor = number;
      if (store.results.get(taskId, nowMs)?.state === "REVOKED") taskIds.push(taskId);
    }
    return { taskIds, cursor: String(cursor) };
  }

  #putOne(put: ResultPut): PutOutcome {
    const { store, nowMs } = this.#session;
    const { taskId, state, document, fence } = put;
    const there = store.results.get(taskId, nowMs);
    const outcome = there === undefined ? "stored" : compare(there, put);
    if (outcome !== "stored") return outcome;
    if (state === "REVOKED" && there?.state !== "REVOKED") store.revoked.set(store.nextNumber(), taskId);
    store.results.set(taskId, { taskId, state, document, fence }, nowMs + put.expiresInMs);
    store.watchers.announce(taskId);
    return outcome;
  }

  #checkSize(taskId: string, document: string): void {
    const bytes = Buffer.byteLength(document);
    if (bytes <= this.#maxDocumentBytes) return;
    throw new DocumentTooLargeError(`The result of task ${taskId}`, { bytes, maxBytes: this.#maxDocumentBytes });
  }
}

/** What becomes of a record beside the one that is there. */
function compare(there: ResultRecord, put: ResultPut): PutOutcome {
  if (isStickyState(there.state)) return isSame(there, put) ? "stored" : "final";
  return put.fence !== null && there.fence !== null && isNewer(there.fence, put.fence) ? "stale" : "stored";
}

/** The writer repeats itself, because the answer to its first call was lost. */
function isSame(there: ResultRecord, put: ResultPut): boolean {
  return (
    there.state === put.state &&
    there.document === put.document &&
    there.fence?.[0] === put.fence?.[0] &&
    there.fence?.[1] === put.fence?.[1]
  );
}

function isNewer(one: Fence, other: Fence): boolean {
  return one[0] === other[0] ? one[1] > other[1] : one[0] > other[0];
}
