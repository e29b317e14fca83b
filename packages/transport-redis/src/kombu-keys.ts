/** Between the parts of Kombu's names: its option `sep`. */
const separator = "\u0006\u0016";
/** Kombu keeps one list for each of these; a priority belongs to the nearest step below it: its option `priority_steps`. */
const steps: readonly string[] = ["", `${separator}3`, `${separator}6`, `${separator}9`];

/**
 * Kombu's names in Redis (wire format, section 3.1).
 *
 * | key | type | holds |
 * |---|---|---|
 * | `<queue>`, `<queue>␆␖3`, `␆␖6`, `␆␖9` | list | envelopes, the oldest at the right end |
 * | `_kombu.binding.<exchange>` | set | bindings, each `<routing key>␆␖<pattern>␆␖<queue>` |
 * | `/<db>.<exchange>` | channel | what is broadcast |
 */
export class KombuKeys {
  readonly #prefix: string;

  /** @param prefix Of all of them: Kombu's option `global_keyprefix`. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The list of the first step; the others' names begin with it. */
  list(queue: string): string {
    return `${this.#prefix}${queue}`;
  }

  /** The lists of a queue. */
  lists(queue: string): readonly string[] {
    return steps.map((step) => `${this.list(queue)}${step}`);
  }

  /** The list that messages of a priority go to. */
  listFor(queue: string, priority: number): string {
    return `${this.list(queue)}${steps[Math.floor(priority / 3)] ?? ""}`;
  }

  /** The queue that one of its lists belongs to. */
  queueOf(list: string): string {
    const end = list.indexOf(separator);
    return list.slice(this.#prefix.length, end < 0 ? undefined : end);
  }

  /** Bindings of an exchange. */
  bindings(exchange: string): string {
    return `${this.#prefix}_kombu.binding.${exchange}`;
  }

  /** A member of the set of bindings. @param pattern Of a topic exchange, as a regular expression. */
  binding(routingKey: string, pattern: string, queue: string): string {
    return [routingKey, pattern, queue].join(separator);
  }

  /** Where an exchange broadcasts. Pub/sub knows no databases, so that the name has their number. */
  channel(db: number, exchange: string): string {
    return `${this.#prefix}/${db}.${exchange}`;
  }
}
