import type { RedisConnection } from "@lovage/client-redis";
import { Once, type Log } from "@lovage/foundation";

import type { KombuKeys } from "./kombu-keys.ts";

/** What a {@link KombuWatch} works with. */
export interface KombuWatchOptions {
  readonly kombu: KombuKeys;
  readonly log: Log;
  /** Messages may be ready, in one queue or in any. */
  readonly wake: (queue?: string) => void;
}

/** What a claim has found in Kombu's lists of a queue of our own: `foreign`: a key that holds what is no message; `denied`: they may not be read. */
export type KombuFinding = "nothing" | "foreign" | "denied";

/**
 * Wakes sleepers when Celery's producers have sent something. They know nothing of sleepers, so that the server itself is asked to tell of the first
 * change of Kombu's lists: no connection a queue, and no command while nothing comes. Where the server cannot, sleepers look by themselves every second.
 */
export class KombuWatch {
  readonly #connection: RedisConnection;
  readonly #options: KombuWatchOptions;
  readonly #look = new Once(() => this.#connection.watchKeys((keys) => this.#changed(keys)));
  /** Lists of these are watched: nothing has changed since the last look. */
  readonly #watched = new Set<string>();
  /** Queues whose name is also that of a key that holds no message. */
  readonly #foreign = new Set<string>();

  constructor(connection: RedisConnection, options: KombuWatchOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Called by one who has found nothing and is going to sleep: from now on he is woken.
   * @throws REDIS_FAILED
   */
  async look(queue: string, finding: KombuFinding): Promise<void> {
    // Whoever writes it may do so a thousand times a second: sleepers look by themselves.
    if (finding === "foreign") return this.#warn(queue);
    if (this.#watched.has(queue)) return;
    const look = await this.#look.run();
    if (look === undefined) return;
    // At once, so that a change that is told before the answer is not forgotten.
    this.#watched.add(queue);
    try {
      const lists = await look(this.#options.kombu.lists(queue));
      // It came between the claim and this look.
      if (lists > 0 && finding === "nothing") this.#options.wake(queue);
    } catch (error) {
      this.#watched.delete(queue);
      throw error;
    }
  }

  #changed(keys: readonly string[] | undefined): void {
    const { kombu, wake } = this.#options;
    if (keys === undefined) this.#watched.clear();
    const queues = keys === undefined ? [undefined] : new Set(keys.map((key) => kombu.queueOf(key)));
    for (const queue of queues) {
      if (queue !== undefined) this.#watched.delete(queue);
      wake(queue);
    }
  }

  #warn(queue: string): void {
    if (this.#foreign.has(queue)) return;
    this.#foreign.add(queue);
    const key = this.#options.kombu.list(queue);
    const text = `The key "${key}" of Redis holds what is no message of Celery's; it is left alone.`;
    this.#options.log.warn(text, { queue });
  }
}
