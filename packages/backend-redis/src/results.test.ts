import type { ResultPut } from "@lovage/backend";
import { RedisError, type RedisConnection, type RedisErrorKind, type RedisScript } from "@lovage/client-redis";
import { expect, test } from "vitest";

import { toBackendError } from "./errors.ts";
import { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import type { ResultWatches } from "./result-watches.ts";
import { RedisResults } from "./results.ts";

/** A cluster in which the keys of some tasks, and the list of revocations, may be out of reach. */
class PlayedCluster {
  readonly fails = new Map<string, RedisErrorKind>();
  readonly written: string[] = [];
  readonly #keys = new Keys("lovage", { isCluster: true });
  readonly results: RedisResults;

  constructor() {
    const connection = {
      isCluster: true,
      run: (script: RedisScript, keys: readonly string[], args: readonly (string | number)[]) =>
        this.#run(script, keys, args),
    } as unknown as RedisConnection;
    const link = {
      use: async <T>(work: (open: RedisConnection) => Promise<T>): Promise<T> => {
        try {
          return await work(connection);
        } catch (error) {
          throw toBackendError(error);
        }
      },
    } as unknown as Link;
    const rest = { watches: {} as ResultWatches, maxDocumentBytes: 1_000 };
    this.results = new RedisResults(link, { keys: this.#keys, ...rest });
  }

  async #run({ name }: RedisScript, [key]: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const taskId = String(name === "put" ? args[2] : args[0]);
    const kind = this.fails.get(key === this.#keys.revoked ? "revoked" : taskId);
    if (kind !== undefined) throw new RedisError("no", { kind });
    this.written.push(`${name} ${taskId} ${name === "put" ? args[3] : ""}`.trim());
    return [0];
  }
}

const put = (taskId: string, state: ResultPut["state"] = "SUCCESS"): ResultPut => ({
  taskId,
  state,
  document: "{}",
  fence: [0, 1],
  expiresInMs: 1_000,
});

test.each(["away", "moving"] as const)(
  "in a cluster what other nodes hold is written while one is %s, and the error tells which, one record or many",
  async (kind) => {
    const cluster = new PlayedCluster();
    cluster.fails.set("b", kind);
    const puts = [put("a"), put("b", "STARTED"), put("c"), put("b")];
    const unavailable = { code: "BACKEND_UNAVAILABLE", retryable: true };
    const outcomes = ["stored", undefined, "stored", undefined];
    await expect(cluster.results.put(puts)).rejects.toMatchObject({ ...unavailable, outcomes });
    await expect(cluster.results.put([put("b")])).rejects.toMatchObject({ ...unavailable, outcomes: [undefined] });
    expect(cluster.written).toEqual(["put a SUCCESS", "put c SUCCESS"]);
    cluster.fails.clear();
    await expect(cluster.results.put(puts)).resolves.toEqual(["stored", "stored", "stored", "stored"]);
    expect(cluster.written.filter((each) => each.startsWith("put b"))).toEqual(["put b STARTED", "put b SUCCESS"]);
  },
);

test("in a cluster a revoked task is written once it is noted as well", async () => {
  const cluster = new PlayedCluster();
  cluster.fails.set("revoked", "away");
  const puts = [put("a", "REVOKED"), put("b")];
  await expect(cluster.results.put(puts)).rejects.toMatchObject({ outcomes: [undefined, "stored"] });
  cluster.fails.clear();
  await expect(cluster.results.put(puts.slice(0, 1))).resolves.toEqual(["stored"]);
  expect(cluster.written.at(-1)).toBe("revoke a");
});

test("a connection that ends is told of all records as one", async () => {
  const cluster = new PlayedCluster();
  cluster.fails.set("a", "away").set("b", "broken");
  const error: unknown = await cluster.results.put([put("a"), put("b"), put("c")]).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "BACKEND_UNAVAILABLE", outcomes: undefined });
});
