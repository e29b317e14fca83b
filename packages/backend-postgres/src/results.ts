import {
  checkDocuments,
  readCursor,
  type PutOutcome,
  type ResultPut,
  type ResultRecord,
  type Results,
  type ResultWatch,
  type Revocations,
  type RevocationsOptions,
} from "@lovage/backend";
import { numberArray, type PostgresValue, nowMs } from "@lovage/client-postgres";

import type { Database } from "./database.ts";
import { PutJoiner } from "./put-joiner.ts";
import { readResults } from "./read-results.ts";
import type { ResultWatches } from "./result-watches.ts";

const outcomes: readonly PutOutcome[] = ["stored", "stale", "final"];
const put =
  "SELECT unnest(@put_results_1($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]))";
const revocations = `SELECT task_id, revoked FROM @results WHERE revoked > $1::bigint AND state = 'REVOKED' AND expires_at > ${nowMs} ORDER BY revoked LIMIT $2`;

/** Results in PostgreSQL; see {@link Results}. */
export class PostgresResults implements Results {
  readonly #database: Database;
  readonly #watches: ResultWatches;
  readonly #maxDocumentBytes: number;
  readonly #joiner: PutJoiner;

  constructor(database: Database, watches: ResultWatches, maxDocumentBytes: number) {
    this.#database = database;
    this.#watches = watches;
    this.#maxDocumentBytes = maxDocumentBytes;
    this.#joiner = new PutJoiner((puts) => this.#write(puts));
  }

  async put(puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> {
    checkDocuments(puts, this.#maxDocumentBytes);
    return await this.#joiner.put(puts);
  }

  async putIn(transaction: unknown, puts: readonly ResultPut[]): Promise<readonly PutOutcome[] | undefined> {
    checkDocuments(puts, this.#maxDocumentBytes);
    const rows = await this.#database.queryIn(transaction, put, putValues(puts));
    return rows?.map(([outcome]) => outcomes[Number(outcome)] ?? "stale");
  }

  async get(taskIds: readonly string[]): Promise<readonly (ResultRecord | undefined)[]> {
    return await readResults(this.#database, taskIds);
  }

  async watch(taskIds: readonly string[], listener: (record: ResultRecord) => void): Promise<ResultWatch> {
    return await this.#watches.add(taskIds, listener);
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    await this.#database.query("DELETE FROM @results WHERE task_id = ANY($1::text[])", [taskIds.toSorted()]);
  }

  async revocations({ after, limit = 10_000 }: RevocationsOptions = {}): Promise<Revocations> {
    const from = readCursor(after);
    const rows = await this.#database.query(revocations, [from, limit]);
    return { taskIds: rows.map(([taskId]) => taskId ?? ""), cursor: rows.at(-1)?.[1] ?? String(from) };
  }

  async #write(puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> {
    const rows = await this.#database.query(put, putValues(puts));
    return rows.map(([outcome]) => outcomes[Number(outcome)] ?? "stale");
  }
}

function putValues(puts: readonly ResultPut[]): readonly PostgresValue[] {
  return [
    puts.map(({ taskId }) => taskId),
    puts.map(({ state }) => state),
    puts.map(({ document }) => document),
    numberArray(puts.map(({ fence }) => fence?.[0] ?? null)),
    numberArray(puts.map(({ fence }) => fence?.[1] ?? null)),
    numberArray(puts.map(({ expiresInMs }) => Math.max(1, Math.ceil(expiresInMs)))),
  ];
}
