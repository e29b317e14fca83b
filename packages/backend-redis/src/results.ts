import {
  checkDocuments,
  type PutOutcome,
  type ResultPut,
  type ResultRecord,
  type Results,
  type ResultWatch,
  type Revocations,
  type RevocationsOptions,
} from "@lovage/backend";
import { asList, asNumber, asTexts, type RedisConnection } from "@lovage/client-redis";

import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { putApart } from "./put-apart.ts";
import { readResults } from "./read-results.ts";
import type { ResultWatches } from "./result-watches.ts";
import { putScript, revocationsScript, revokeScript } from "./scripts/results.ts";

const outcomes: readonly PutOutcome[] = ["stored", "stale", "final"];
const putsPerCall = 500;

/** Results in Redis, in Celery's form; see {@link Results}. */
export class RedisResults implements Results {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #watches: ResultWatches;
  readonly #maxDocumentBytes: number;

  constructor(
    link: Link,
    { keys, watches, maxDocumentBytes }: { keys: Keys; watches: ResultWatches; maxDocumentBytes: number },
  ) {
    this.#link = link;
    this.#keys = keys;
    this.#watches = watches;
    this.#maxDocumentBytes = maxDocumentBytes;
  }

  async put(puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> {
    checkDocuments(puts, this.#maxDocumentBytes);
    return await this.#link.use(async (connection) => {
      if (connection.isCluster) return await putApart(puts, (put) => this.#writeApart(connection, put));
      const calls: Promise<readonly PutOutcome[]>[] = [];
      for (let at = 0; at < puts.length; at += putsPerCall)
        calls.push(this.#write(connection, puts.slice(at, at + putsPerCall)));
      return (await Promise.all(calls)).flat();
    });
  }

  async get(taskIds: readonly string[]): Promise<readonly (ResultRecord | undefined)[]> {
    return await this.#link.use((connection) => readResults(connection, this.#keys, taskIds));
  }

  async watch(taskIds: readonly string[], listener: (record: ResultRecord) => void): Promise<ResultWatch> {
    return await this.#watches.add(taskIds, listener);
  }

  async forget(taskIds: readonly string[]): Promise<void> {
    await this.#link.use(async (connection) => {
      if (taskIds.length === 0) return;
      const { revoked } = this.#keys;
      for (const taskId of taskIds)
        await connection.call("UNLINK", [this.#keys.result(taskId), this.#keys.fence(taskId)]);
      for (const part of [":order", ":until"]) await connection.call("ZREM", [`${revoked}${part}`, ...taskIds]);
    });
  }

  async revocations({ after = "0", limit = 10_000 }: RevocationsOptions = {}): Promise<Revocations> {
    const [found] = asList(await this.#link.look(revocationsScript, [this.#keys.revoked], [after, limit]));
    const fields = asTexts(found);
    return { taskIds: fields.filter((_, index) => index % 2 === 0), cursor: fields.at(-1) ?? after };
  }

  async #write(connection: RedisConnection, puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> {
    const keys = puts.flatMap(({ taskId }) => [this.#keys.result(taskId), this.#keys.fence(taskId)]);
    const args = [puts.length, "1", ...puts.flatMap(putArgs)];
    const reply = await connection.run(putScript, [...keys, this.#keys.revoked], args, { durably: true });
    return asList(reply).map((outcome): PutOutcome => outcomes[asNumber(outcome)] ?? "stale");
  }

  /** In a cluster each task has a slot of its own, and revocations have theirs: noted second, a repetition makes good what a fault in between left out. */
  async #writeApart(connection: RedisConnection, put: ResultPut): Promise<PutOutcome> {
    const { taskId, state, expiresInMs } = put;
    const keys = [this.#keys.result(taskId), this.#keys.fence(taskId)];
    const reply = await connection.run(putScript, keys, [1, "0", ...putArgs(put)], { durably: true });
    const outcome = outcomes[asNumber(asList(reply)[0])] ?? "stale";
    if (outcome === "stored" && state === "REVOKED") {
      const args = [taskId, Math.max(1, Math.ceil(expiresInMs))];
      await connection.run(revokeScript, [this.#keys.revoked], args, { durably: true });
    }
    return outcome;
  }
}

function putArgs({ taskId, state, document, fence, expiresInMs }: ResultPut): (string | number)[] {
  return [taskId, state, document, fence?.[0] ?? "", fence?.[1] ?? "", Math.max(1, Math.ceil(expiresInMs))];
}
