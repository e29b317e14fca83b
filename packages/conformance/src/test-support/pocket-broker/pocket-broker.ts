import { Multimap, type Clock } from "@lovage/foundation";
import {
  type Binding,
  deadLetterQueueOf,
  type ExchangeDeclaration,
  type ExchangeType,
  type Message,
  MessageUnroutableError,
  type OutgoingMessage,
  type QueueDeclaration,
  QueueNotFoundError,
  type Topology,
  TopologyMismatchError,
} from "@lovage/transport";
import { PocketQueue } from "./pocket-queue.ts";

interface Exchange {
  readonly type: ExchangeType;
  readonly bindings: Binding[];
}

/** What one connection and the next have in common: the state of a broker, and nothing of a driver. */
export class PocketBroker {
  readonly clock: Clock;
  readonly queues = new Map<string, PocketQueue>();
  readonly exchanges = new Map<string, Exchange>();
  readonly channels = new Multimap<string, (message: Message) => void>();
  /** Called whenever a message may have become ready. */
  readonly wakes = new Set<() => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  queue(name: string): PocketQueue {
    const queue = this.queues.get(name);
    if (queue === undefined) throw new QueueNotFoundError(name);
    queue.refresh(this.clock.now());
    return queue;
  }

  declare({ queues = [], exchanges = [], bindings = [] }: Topology): void {
    for (const queue of queues) this.#declareQueue(queue);
    for (const exchange of exchanges) this.#declareExchange(exchange);
    for (const binding of bindings) this.exchanges.get(binding.exchange)?.bindings.push(binding);
  }

  #declareQueue({ name, deadLetterRetentionMs }: QueueDeclaration): void {
    for (const each of [name, deadLetterQueueOf(name)]) {
      if (!this.queues.has(each)) this.queues.set(each, new PocketQueue(each));
    }
    if (deadLetterRetentionMs !== undefined) this.queue(deadLetterQueueOf(name)).retentionMs = deadLetterRetentionMs;
  }

  #declareExchange({ name, type }: ExchangeDeclaration): void {
    const exchange = this.exchanges.get(name) ?? { type, bindings: [] };
    if (exchange.type !== type) {
      throw new TopologyMismatchError(`Exchange "${name}" is of another type.`, { queue: name });
    }
    this.exchanges.set(name, exchange);
  }

  /** The queues a message goes to. @throws MESSAGE_UNROUTABLE */
  route({ to }: OutgoingMessage): string[] {
    if (typeof to === "string") return [to];
    const { type, bindings } = this.exchanges.get(to.exchange) ?? { type: "direct", bindings: [] };
    const fits = bindings.filter(
      ({ queue, routingKey = "" }) => this.queues.has(queue) && matches(type, routingKey, to.routingKey),
    );
    if (fits.length === 0) throw new MessageUnroutableError(to.exchange, to.routingKey);
    return [...new Set(fits.map(({ queue }) => queue))];
  }

  /** Accepts a batch whole; the routes were asked for before. */
  accept(batch: readonly OutgoingMessage[]): void {
    const routed = batch.map((message) => [message, this.route(message)] as const);
    const nowMs = this.clock.now();
    for (const [{ headers, properties, body, notBefore }, names] of routed) {
      const message = { headers: structuredClone(headers), properties: { ...properties }, body: body.slice() };
      const dueAtMs = notBefore === undefined ? nowMs : "inMs" in notBefore ? nowMs + notBefore.inMs : notBefore.atMs;
      for (const name of names) this.queue(name).add(message, nowMs, dueAtMs);
    }
    this.wake();
  }

  wake(): void {
    for (const wake of this.wakes) wake();
  }

  /** Drops the dead letters whose retention has passed. */
  dropExpired(): void {
    const nowMs = this.clock.now();
    for (const queue of this.queues.values()) {
      if (!queue.name.endsWith(".dead")) continue;
      queue.entries = queue.entries.filter((entry) => entry.atMs + queue.retentionMs > nowMs);
    }
  }
}

function matches(type: ExchangeType, pattern: string, key: string): boolean {
  if (type === "fanout") return true;
  return type === "direct" ? pattern === key : matchesWords(wordsOf(pattern), wordsOf(key));
}

/** An empty key has no words, as in RabbitMQ. */
function wordsOf(key: string): string[] {
  return key === "" ? [] : key.split(".");
}

function matchesWords([first, ...pattern]: string[], words: string[]): boolean {
  if (first === undefined) return words.length === 0;
  if (first !== "#")
    return words.length > 0 && (first === "*" || first === words[0]) && matchesWords(pattern, words.slice(1));
  return matchesWords(pattern, words) || (words.length > 0 && matchesWords([first, ...pattern], words.slice(1)));
}
