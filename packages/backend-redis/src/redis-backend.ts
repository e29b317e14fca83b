import type { Backend, BackendCapabilities } from "@lovage/backend";
import { checkServer, redisTarget, serverTimeMs } from "@lovage/client-redis";
import { maskUrl, readOptions, splitQuery, silentLog, systemClock, type DriverContext } from "@lovage/foundation";

import { RedisCoordination } from "./coordination.ts";
import { RedisJoins } from "./joins.ts";
import { Keys } from "./keys.ts";
import { Link } from "./link.ts";
import { redisBackendOptions, type RedisBackendOptions } from "./options.ts";
import { asList, asNumber } from "./replies.ts";
import { ResultWatches } from "./result-watches.ts";
import { RedisResults } from "./results.ts";
import { RedisSchedules } from "./schedules.ts";
import { revocationsScript } from "./scripts/results.ts";

/** What {@link redisBackend} opens. */
export interface RedisBackendSettings extends RedisBackendOptions, Partial<DriverContext> {
  /** Such as `redis://localhost:6379/0`. */
  readonly url: string;
}

const defaultMaxDocumentBytes = 16 * 1024 * 1024;

/**
 * Opens a backend in Redis, on a server that a transport and Celery may use at the same time.
 * @throws BACKEND_UNAVAILABLE, CONFIGURATION_INVALID
 */
export async function redisBackend(settings: RedisBackendSettings): Promise<Backend> {
  const { url, clock = systemClock, log = silentLog, name = "lovage", ...beside } = settings;
  const { base, query } = splitQuery(url);
  const options = readOptions(
    redisBackendOptions,
    { ...Object.fromEntries(query), ...given(beside) },
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
  readonly joins: RedisJoins;
  readonly coordination: RedisCoordination;
  readonly schedules: RedisSchedules;
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
    this.joins = new RedisJoins(link, keys);
    this.coordination = new RedisCoordination(link, keys);
    this.schedules = new RedisSchedules(link, keys);
  }

  /** Redis removes what has expired by itself; only the list of revocations is swept. */
  async sweep(): Promise<number> {
    const [, swept] = asList(
      await this.#link.run(revocationsScript, [this.#keys.revoked], [Number.MAX_SAFE_INTEGER, 1]),
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

/** Without what is not set, so that it does not hide what the URL says. */
function given(options: RedisBackendOptions): RedisBackendOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
