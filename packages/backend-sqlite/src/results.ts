import type {
  PutOutcome,
  ResultPut,
  ResultRecord,
  Results,
  ResultWatch,
  Revocations,
  RevocationsOptions,
} from "@lovage/backend";
import { checkDocuments, readCursor } from "@lovage/backend";
import { findResult } from "./find-result.ts";
import { putResults } from "./put-results.ts";
import type { ResultWatches } from "./result-watches.ts";
import type { Store } from "./store.ts";

const forget = "DELETE FROM lovage_result WHERE task_id = ?";
const revocations =
  "SELECT change, task_id FROM lovage_result WHERE state = 'REVOKED' AND change > ? AND expires_at > ? ORDER BY change LIMIT ?";

/** Results in SQLite; see {@link Results}. */
export class SqliteResults implements Results {
  readonly #store: Store;
  readonly #watches: ResultWatches;
  readonly #maxDocumentBytes: number;

  constructor(store: Store, watches: ResultWatches, maxDocumentBytes: number) {
    this.#store = store;
    this.#watches = watches;
    this.#maxDocumentBytes = maxDocumentBytes;
  }

  async put(puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> {
    checkDocuments(puts, this.#maxDocumentBytes);
    if (puts.length === 0 && !this.#store.isClosed) return [];
    const outcomes = await this.#store.write((connection, nowMs) => putResults(connection, puts, nowMs));
    this.#watches.announce();
    return outcomes;
  }

  async get(taskIds: readonly string[]): Promise<readonly (ResultRecord | undefined)[]> {
    return await this.#store.read((connection, nowMs) =>
      taskIds.map((taskId) => findResult(connection, taskId, nowMs)),
    );
  }

  async watch(taskIds: readonly string[], listener: (record: ResultRecord) => void): Promise<ResultWatch> {
    return await this.#watches.add(taskIds, listener);
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    await this.#store.write((connection) => {
      for (const taskId of taskIds) connection.statement(forget).run(taskId);
    });
  }

  async revocations({ after, limit = 10_000 }: RevocationsOptions = {}): Promise<Revocations> {
    const from = readCursor(after);
    const rows = await this.#store.read((connection, nowMs) =>
      connection.statement(revocations).all(from, nowMs, limit),
    );
    const taskIds = rows.map((row) => String(row["task_id"]));
    return { taskIds, cursor: String(rows.at(-1)?.["change"] ?? from) };
  }
}
