import { checkedCoordination, checkedJoins, checkedSchedules, defaultMaxDocumentBytes } from "@lovage/backend";
import type { Backend, BackendCapabilities, Coordination, Joins, Schedules } from "@lovage/backend";
import { asList, asNumber, checkServer, redisOptionNames, redisTarget, serverTimeMs } from "@lovage/client-redis";
import {
  faultLog,
  maskUrl,
  queryOptions,
  readOptions,
  systemClock,
  withoutUndefined,
  type DriverContext,
} from "@lovage/foundation";

import { RedisCoordination } from "./coordination.ts";
import { RedisJoins } from "./joins.ts";
import { Keys } from "./keys.ts";
import { Link } from "./link.ts";
import { redisBackendOptions, type RedisBackendOptions } from "./options.ts";
import { ResultWatches } from "./result-watches.ts";
import { RedisResults } from "./results.ts";
import { RedisSchedules } from "./schedules.ts";
import { revocationsScript } from "./scripts/results.ts";

/** What {@link redisBackend} opens. */
export interface RedisBackendSettings extends RedisBackendOptions, Partial<DriverContext> {
  /** Such as `redis://localhost:6379/0`. */
  readonly url: string;
}

/** Names that may stand in the query of a URL. */
const optionNames: readonly string[] = ["maxDocumentBytes", "globalKeyPrefix", ...redisOptionNames];

/**
 * Opens a backend in Redis, on a server that a transport and Celery may use at the same time.
 * @throws BACKEND_UNAVAILABLE, CONFIGURATION_INVALID
 */
export async function redisBackend(settings: RedisBackendSettings): Promise<Backend> {
  const { url, clock = systemClock, name = "lovage", log = faultLog(name, clock), ...beside } = settings;
  const { base, options: query } = queryOptions(url, optionNames);
  const options = readOptions(
    redisBackendOptions,
    { ...query, ...withoutUndefined(beside) },
    `The backend ${maskUrl(url)}`,
  );
  const { prefix = "lovage", strict = false, maxDocumentBytes = defaultMaxDocumentBytes } = options;
  const target = redisTarget(base, options);
  const link = new Link({
    target,
    clock,
    log,
    name,
    check: async (connection) => void (await checkServer(connection, { log, strict })),
  });
  const backend = new RedisBackend(
    link,
    new Keys(prefix, { ...options, isCluster: target.isCluster }),
    maxDocumentBytes,
  );
  try {
    await link.call("PING", []);
  } catch (error) {
    await backend.close();
    throw error;
  }
  return backend;
}

/**
 * | state  | parts                | close                                       |
 * |--------|----------------------|---------------------------------------------|
 * | open   | work on the server   | ends watches and calls under way, lets go   |
 * | closed | reject with `CLOSED` | nothing                                     |
 */
class RedisBackend implements Backend {
  readonly capabilities: BackendCapabilities;
  readonly results: RedisResults;
  readonly joins: Joins;
  readonly coordination: Coordination;
  readonly schedules: Schedules;
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #watches: ResultWatches;

  constructor(link: Link, keys: Keys, maxDocumentBytes: number) {
    this.#link = link;
    this.#keys = keys;
    this.#watches = new ResultWatches(link, keys);
    this.capabilities = Object.freeze<BackendCapabilities>({
      reach: "network",
      durability: "process",
      readers: "any",
      watch: "push",
      maxDocumentBytes,
    });
    this.results = new RedisResults(link, { keys, watches: this.#watches, maxDocumentBytes });
    this.joins = checkedJoins(new RedisJoins(link, keys));
    this.coordination = checkedCoordination(new RedisCoordination(link, keys));
    this.schedules = checkedSchedules(new RedisSchedules(link, keys));
  }

  /** Redis removes what has expired by itself; only the list of revocations is swept. */
  async sweep(): Promise<number> {
    const [, swept] = asList(
      await this.#link.look(revocationsScript, [this.#keys.revoked], [Number.MAX_SAFE_INTEGER, 1]),
    );
    return asNumber(swept);
  }

  serverTimeMs(): Promise<number> {
    return this.#link.use(serverTimeMs);
  }

  async close(): Promise<void> {
    this.#watches.close();
    this.#link.close();
  }
}
