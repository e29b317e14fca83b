import { asText, type RedisConnection } from "@lovage/client-redis";
import { isDeadLetterQueue, type QueueConsumers } from "@lovage/transport";

import type { Keys } from "./keys.ts";

/** Who reads which queue, as far as this connection has to know: it decides the form of what is published. */
export class QueueReaders {
  readonly #keys: Keys;
  readonly #hasProducers: boolean;
  readonly #isCluster: boolean;
  readonly #known = new Map<string, QueueConsumers>();
  /** Those of them that only the server has told of: another program may declare them anew. */
  readonly #learned = new Set<string>();
  /** Queues of our own whose lists of Kombu's the server does not let us read. */
  readonly #denied = new Set<string>();

  /** @param options `hasProducers`: Celery's producers may send to queues of our own. `isCluster`: Celery's queues are refused there, so that there is nothing to ask. */
  constructor(
    keys: Keys,
    { hasProducers, isCluster = false }: { readonly hasProducers: boolean; readonly isCluster?: boolean },
  ) {
    this.#keys = keys;
    this.#hasProducers = hasProducers && !isCluster;
    this.#isCluster = isCluster;
  }

  /** Of a queue that nobody has declared as another: Lovage's workers. */
  of(queue: string): QueueConsumers {
    return this.#known.get(queue) ?? "lovage";
  }

  /** Whether Celery's workers read it, so that its messages stand in Kombu's lists. */
  areCelery(queue: string): boolean {
    return this.of(queue) !== "lovage";
  }

  /** Whether Kombu's lists of a queue are to be looked at. */
  mayHoldEnvelopes(queue: string): boolean {
    return this.areCelery(queue) || (this.#hasProducers && !this.#denied.has(queue) && !isDeadLetterQueue(queue));
  }

  /** Who may not read Kombu's lists is not refused again and again. */
  noteDenied(queue: string): void {
    this.#denied.add(queue);
  }

  note(queue: string, consumers: QueueConsumers): void {
    this.#known.set(queue, consumers);
    this.#learned.delete(queue);
  }

  forget(queue: string): void {
    this.#known.delete(queue);
    this.#learned.delete(queue);
    this.#denied.delete(queue);
  }

  /** Asks for those that were not declared here. */
  async learn(connection: RedisConnection, queues: Iterable<string>): Promise<void> {
    if (this.#isCluster) return;
    const unknown = [...new Set(queues)].filter((queue) => !this.#known.has(queue));
    await Promise.all(unknown.map((queue) => this.#ask(connection, queue)));
  }

  /** Asks again for what only the server has told. None is forgotten in between: what was routed before is written by it. */
  async relearn(connection: RedisConnection): Promise<void> {
    await Promise.all([...this.#learned].map((queue) => this.#ask(connection, queue)));
  }

  async #ask(connection: RedisConnection, queue: string): Promise<void> {
    const found = await connection.call("HGET", [this.#keys.base(queue), "c"]);
    this.note(queue, toConsumers(found === null ? "" : asText(found)));
    this.#learned.add(queue);
  }
}

/** What stands in Redis. */
export function toConsumers(text: string): QueueConsumers {
  return text === "celery" || text === "mixed" ? text : "lovage";
}
