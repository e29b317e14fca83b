import type {
  PutOutcome,
  ResultPut,
  ResultRecord,
  Results,
  ResultWatch,
  Revocations,
  RevocationsOptions,
} from "@lovage/backend";
import { checkDocuments } from "@lovage/backend";
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
    checkDocuments(puts, this.#maxDocumentBytes);
    const { store, nowMs } = this.#session;
    return puts.map((put) => store.results.put(put, nowMs));
  }

  async get(taskIds: readonly string[]): Promise<readonly (ResultRecord | undefined)[]> {
    const { store, nowMs } = this.#session;
    return taskIds.map((taskId) => store.results.get(taskId, nowMs));
  }

  async watch(taskIds: readonly string[], listener: (record: ResultRecord) => void): Promise<ResultWatch> {
    const session = this.#session;
    return session.keep(session.store.results.watch(taskIds, listener, () => session.nowMs));
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    const { results } = this.#session.store;
    for (const taskId of taskIds) results.forget(taskId);
  }

  async revocations(options: RevocationsOptions = {}): Promise<Revocations> {
    const { store, nowMs } = this.#session;
    return store.results.revocations(options, nowMs);
  }
}
