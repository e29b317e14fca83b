import { abortable, checkName, errorText, OptionError, quoteValue, within } from "@lovage/foundation";
import type { Binding, Capabilities, QueueCapabilities, QueueDeclaration, Topology } from "@lovage/transport";
import { deadLetterQueueOf, FeatureUnsupportedError, QueueNotDeclaredError } from "@lovage/transport";

import { checkRoutingKey } from "./check-routing-key.ts";
import { declareApart, type DeclaringApart } from "./declare-apart.ts";
import type { ExchangeRouter } from "./exchange-router.ts";
import { isOfSome, isRefusal } from "../is-transient.ts";
import type { LeaseStore } from "../store.ts";

/** What a message may be. */
export type MessageLimits = Pick<QueueCapabilities, "maxMessageBytes" | "delayHorizonMs">;

const exchangeTypes: readonly string[] = ["direct", "topic", "fanout"];

/** What this connection has declared: checked before any I/O, remembered, and declared again after a reconnection. */
export class DeclaredTopology {
  readonly #store: LeaseStore;
  readonly #router: ExchangeRouter;
  readonly #again: Omit<DeclaringApart, "store">;
  readonly #queues = new Map<string, QueueDeclaration>();
  /** Names with those of their dead-letter queues. */
  readonly #names = new Set<string>();
  readonly #limits = new Map<string, MessageLimits>();

  constructor(store: LeaseStore, router: ExchangeRouter, again: Omit<DeclaringApart, "store">) {
    this.#store = store;
    this.#router = router;
    this.#again = again;
  }

  /** Names of the declared queues, without their dead-letter queues. */
  get queues(): readonly string[] {
    return [...this.#queues.keys()];
  }

  isDeclared(queue: string): boolean {
    return this.#names.has(queue);
  }

  /** @throws QUEUE_NOT_DECLARED */
  require(queue: string): void {
    if (!this.#names.has(queue)) throw new QueueNotDeclaredError(queue);
  }

  capabilitiesOf(queue: string, capabilities: Capabilities): QueueCapabilities {
    const { fairness, priorities } = this.#queues.get(queue) ?? {};
    const able = { ...capabilities, ...(this.isDeclared(queue) ? this.#store.capabilitiesOf?.(queue) : undefined) };
    return {
      ...able,
      maxMessageBytes: Math.min(capabilities.maxMessageBytes, able.maxMessageBytes),
      fairness: able.fairness && fairness !== false,
      priorities: able.priorities && priorities !== false,
    };
  }

  /** What a message to this queue may be. It is asked for every message, so that it is worked out once for each declaration. */
  limitsOf(queue: string, capabilities: Capabilities): MessageLimits {
    if (this.#store.capabilitiesOf === undefined) return capabilities;
    const known = this.#limits.get(queue);
    if (known !== undefined) return known;
    const limits = this.capabilitiesOf(queue, capabilities);
    if (this.isDeclared(queue)) this.#limits.set(queue, limits);
    return limits;
  }

  /** Makes a topology exist and remembers it. */
  async declare(topology: Topology): Promise<void> {
    const { queues = [], exchanges = [], bindings = [] } = topology;
    for (const queue of queues) this.#checkQueue(queue);
    for (const { name, type } of exchanges) {
      checkName(name, { kind: "exchange" });
      if (!exchangeTypes.includes(type))
        throw new OptionError(`Exchange "${name}" must be of type direct, topic or fanout, not ${quoteValue(type)}.`, {
          field: "type",
        });
    }
    for (const binding of bindings) this.#checkBinding(binding, queues);
    if (queues.length > 0) await this.#store.declare(queues);
    for (const queue of queues) this.#remember(queue);
    if (exchanges.length > 0 || bindings.length > 0) await this.#router.bind(exchanges, bindings);
  }

  /** Declares everything again, for a store that may have forgotten it. */
  async restore(): Promise<void> {
    const store = this.#store;
    const queues = [...this.#queues.values()];
    const isApart = queues.length > 0 && store.facts.publishesApart === true;
    if (isApart) await declareApart(queues, { ...this.#again, store });
    else if (queues.length > 0) await this.#declareAgain(queues);
    // Somebody may have declared one of them otherwise meanwhile.
    this.#limits.clear();
    if (isApart) await this.#bindApart();
    else await this.#router.restore();
  }

  /** A queue was deleted: neither declare it again nor take messages for it. */
  forget(queue: string): void {
    this.#queues.delete(queue);
    this.#limits.clear();
    this.#names.delete(queue);
    this.#names.delete(deadLetterQueueOf(queue));
    this.#router.forget(queue);
  }

  /** A queue that the store refuses, since somebody has deleted it for good, say, or that it puts off for now, must not keep the others from being used. */
  async #declareAgain(queues: readonly QueueDeclaration[]): Promise<void> {
    try {
      await this.#store.declare(queues);
    } catch (error) {
      if (!isOfSome(error)) throw error;
      const tried = await Promise.all(
        queues.map(async (queue) => ({ name: queue.name, refusal: await this.#refusalOf(queue) })),
      );
      const refused = tried.filter(({ refusal }) => refusal !== undefined);
      if (refused.length === queues.length && isRefusal(error)) throw error;
      for (const { name, refusal } of refused) {
        const text = `Queue "${name}" cannot be declared again; the other queues of this connection are used on.`;
        this.#again.log.warn(text, { error: refusal });
      }
    }
  }

  /** Binds again beside the queues: where they are apart, so are the bindings, and those that cannot be reached keep no queue from being used. */
  async #bindApart(): Promise<void> {
    const { clock, log, patienceMs, closing } = this.#again;
    if (closing.aborted) return;
    const bound = this.#router.restore().catch((error: unknown) => {
      const text = "Exchanges cannot be bound again; the queues of this connection are used on.";
      log.warn(text, { error: errorText(error) });
    });
    await within(clock, patienceMs, abortable(bound, closing));
  }

  /** Declares one queue again. @returns why the store refuses it */
  async #refusalOf(queue: QueueDeclaration): Promise<string | undefined> {
    try {
      await this.#store.declare([queue]);
      return undefined;
    } catch (error) {
      if (!isOfSome(error)) throw error;
      return errorText(error);
    }
  }

  #remember(queue: QueueDeclaration): void {
    this.#queues.set(queue.name, queue);
    this.#limits.clear();
    this.#names.add(queue.name).add(deadLetterQueueOf(queue.name));
  }

  #checkQueue(queue: QueueDeclaration): void {
    const { name, deadLetterRetentionMs: retentionMs } = queue;
    checkName(name, { kind: "queue" });
    const { capabilities } = this.#store.facts;
    for (const feature of ["fairness", "priorities"] as const) {
      if (queue[feature] !== true || capabilities[feature]) continue;
      throw new FeatureUnsupportedError(`Queue "${name}" asks for ${feature}, which this transport does not have.`);
    }
    if (retentionMs === undefined || retentionMs > 0) return;
    throw new OptionError(`deadLetterRetentionMs of queue "${name}" must be more than 0, got ${String(retentionMs)}.`, {
      field: "deadLetterRetentionMs",
    });
  }

  #checkBinding(binding: Binding, queues: readonly QueueDeclaration[]): void {
    checkName(binding.exchange, { kind: "exchange" });
    checkRoutingKey(binding.routingKey ?? "");
    if (!queues.some(({ name }) => name === binding.queue)) this.require(binding.queue);
  }
}
