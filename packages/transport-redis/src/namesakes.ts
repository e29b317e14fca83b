import { isRedisError, type RedisConnection } from "@lovage/client-redis";
import type { Log } from "@lovage/foundation";

import type { KombuKeys } from "./kombu-keys.ts";
import type { QueueReaders } from "./queue-readers.ts";

/** What {@link Namesakes} work with. */
export interface NamesakesOptions {
  readonly kombu: KombuKeys;
  readonly readers: QueueReaders;
  readonly log: Log;
  readonly connection: () => RedisConnection;
}

/**
 * Warns of queues that Celery knows as well, of which nobody has said who reads them, and from which Lovage's workers have never taken anything: a step for Python's
 * workers that is sent there is found by none of them.
 */
export class Namesakes {
  readonly #options: NamesakesOptions;
  readonly #told = new Set<string>();

  constructor(options: NamesakesOptions) {
    this.#options = options;
  }

  /** @throws REDIS_FAILED */
  async look(queue: string): Promise<void> {
    if (this.#told.has(queue) || !this.#options.readers.mayHoldEnvelopes(queue) || !(await this.#isBound(queue)))
      return;
    this.#told.add(queue);
    this.#options.log.warn(
      `Celery has a queue "${queue}" as well, and no worker of Lovage has taken anything from it so far. If Python's workers read it, say so, or they never see what is sent: queues: { "${queue}": { consumers: "celery" } }, or "mixed". If Lovage's do, consumers: "lovage" ends this warning.`,
      { queue },
    );
  }

  /** Celery's workers and producers bind their queues. */
  async #isBound(queue: string): Promise<boolean> {
    const { connection, kombu } = this.#options;
    try {
      return (await connection().call("EXISTS", [kombu.bindings(queue)])) === 1;
    } catch (error) {
      if (isRedisError(error) && !error.retryable) return false;
      throw error;
    }
  }
}
