import { DEAD_LETTER_SUFFIX, isDeadLetterQueue } from "@lovage/transport";

/**
 * The keys of Lovage, all under one prefix. A queue and its dead-letter queue share a hash tag, so that a cluster keeps them in one slot and a script
 * can change both. Ready messages of queues that Celery's workers read stand in Kombu's lists instead (see `kombu-keys.ts`). `base` is the queue's own key:
 *
 * | key | type | holds |
 * |---|---|---|
 * | `base` | hash | options (`f` fairness, `p` priorities, `c` who reads it, `k` Kombu's list, `r` retention of dead letters, `m` it was deleted and made again by a message), counters (`n` last token, `s` delayed messages so far) |
 * | `base:r0` … `base:r9` | list | a ring for each priority: the keys (flows) that have ready messages, in turn |
 * | `base:l<priority>:<key>` | list | the ready items of one flow, the oldest first |
 * | `base:s` | list | suspects, which are delivered alone |
 * | `base:d` | sorted set | delayed items by the instant they are due |
 * | `base:h` | hash | leased items by token |
 * | `base:x` | sorted set | tokens by the end of their lease |
 * | `base:k` | sorted set | what is known beside Kombu's lists: tags of messages that came back, with second, losses and redelivered in one number, for a week |
 * | `base:w` | set | channels of those who sleep |
 * | `base:a` | hash | by channel, to whom a message may be handed over: when it armed, length of its leases, its own time |
 * | `base:t:<connection>` | string | number of the connection's last settling call, for two minutes |
 */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Names of all queues but dead-letter queues. A set. */
  get queues(): string {
    return `${this.#prefix}:queues`;
  }

  /** Names of all exchanges. A set. */
  get exchanges(): string {
    return `${this.#prefix}:exchanges`;
  }

  base(queue: string): string {
    return `${this.#prefix}:{${this.tagOf(queue)}}${isDeadLetterQueue(queue) ? DEAD_LETTER_SUFFIX : ""}`;
  }

  /** What queues share that are in one slot for sure: a queue and its dead-letter queue. */
  tagOf(queue: string): string {
    return isDeadLetterQueue(queue) ? queue.slice(0, -DEAD_LETTER_SUFFIX.length) : queue;
  }

  /** The queue whose key it is. */
  queueOf(base: string): string {
    return base.slice(this.#prefix.length + 2).replace("}", "");
  }

  /** Type and bindings of an exchange. A hash. */
  exchange(name: string): string {
    return `${this.#prefix}:exchange:{${name}}`;
  }

  /** Where a connection is told of work. */
  wakeChannel(connection: string): string {
    return `${this.#prefix}:wake:${connection}`;
  }
}
