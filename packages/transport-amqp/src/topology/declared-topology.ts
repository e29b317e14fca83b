import type { AmqpSession, CallChannel, Channel } from "@lovage/client-amqp";
import { isAmqpError } from "@lovage/client-amqp";
import type { Log } from "@lovage/foundation";
import { asError, checkName, hasCode, isLovageError, NameError, OptionError } from "@lovage/foundation";
import type { Binding, ExchangeDeclaration, QueueDeclaration, Topology } from "@lovage/transport";
import { deadLetterQueueOf, isDeadLetterQueue, QueueNotDeclaredError } from "@lovage/transport";

import { CeleryLadder } from "../delays/celery-ladder.ts";
import { DelayLadder } from "../delays/delay-ladder.ts";
import { toTransportError } from "../errors.ts";
import { assertBinding, assertExchange, checkExchange, checkRoutingKey } from "../wire/exchange-form.ts";
import type { ParsedQueueOptions } from "../options.ts";
import { QueueAssertions } from "./queue-assertions.ts";
import {
  deadForms,
  holdingArguments,
  isHoldingQueue,
  isLimited,
  mainForms,
  queueForm,
  apartQueuesOf,
  suspectsForms,
  type QueueForm,
  type QueueForms,
} from "../wire/queue-form.ts";
import { StepChannel, type OnChannel } from "./step-channel.ts";

const takenNames = /^(?:amq\.|lovage\.delay\.|celery_delayed_)|\.suspects(?:\.alone)?$/;
const cannotBeDeclared = "What was declared before cannot be declared again.";
const isAway = "A dead-letter queue is away with its node; what is to go there waits for it.";

/** What {@link DeclaredTopology} works with. */
export interface TopologyOptions {
  readonly calls: CallChannel;
  readonly log: Log;
  /** Of queues that do not say. */
  readonly defaults: ParsedQueueOptions;
  /** Of the session that there is. */
  readonly serverVersion?: string | undefined;
}

/** What this connection has declared: checked before any I/O, remembered, and declared again after a reconnection. */
export class DeclaredTopology {
  readonly #options: TopologyOptions;
  readonly #queues = new Map<string, QueueForm>();
  readonly #names = new Set<string>();
  readonly #exchanges = new Map<string, ExchangeDeclaration>();
  readonly #bindings = new Map<string, Binding>();
  readonly #assertions = new QueueAssertions();
  #serverVersion: string;

  constructor(options: TopologyOptions) {
    this.#options = options;
    this.#serverVersion = options.serverVersion ?? "";
  }

  /** Names of the declared queues, in order, without their dead-letter queues. */
  get queues(): readonly string[] {
    return [...this.#queues.keys()].filter((name) => !isDeadLetterQueue(name)).toSorted();
  }

  /** @throws QUEUE_NOT_DECLARED */
  require(queue: string): void {
    if (!this.#names.has(queue)) throw new QueueNotDeclaredError(queue);
  }

  /** How a queue was declared; a dead-letter queue is of the kind of its queue. */
  formOf(queue: string): QueueForm {
    const known =
      this.#queues.get(queue) ?? [...this.#queues.values()].find(({ name }) => deadLetterQueueOf(name) === queue);
    return known ?? queueForm({ name: queue }, this.#options.defaults);
  }

  /** Whether the broker drops from a declared queue what came back too often, where no policy says otherwise. */
  isLimited(queue: string): boolean {
    return isLimited(this.#assertions.formOf(queue, this.#formsOf({ ...this.formOf(queue), name: queue })));
  }

  hasExchange(name: string): boolean {
    return this.#exchanges.has(name);
  }

  /** @throws NAME_INVALID, OPTION_INVALID, FEATURE_UNSUPPORTED, QUEUE_NOT_DECLARED before any I/O; TOPOLOGY_MISMATCH, TRANSPORT_UNAVAILABLE */
  async declare({ queues = [], exchanges = [], bindings = [] }: Topology): Promise<void> {
    const forms = queues.map((queue) => this.#check(queue));
    for (const exchange of exchanges) checkExchange(exchange);
    for (const binding of bindings) this.#checkBinding(binding, queues);
    for (const form of forms) await this.#declareQueue(form);
    for (const exchange of exchanges) await this.#declareExchange(exchange);
    for (const binding of bindings) await this.#bind(binding);
  }

  /**
   * Makes a queue exist again that was declared here, with what leads to it.
   * @param calls Over another connection than that which publishes, and is not read under an alarm.
   * @throws as `declare`
   */
  async redeclare(queue: string, calls?: CallChannel): Promise<void> {
    const suspected = [...this.#queues.values()].find((form) => apartQueuesOf(form).includes(queue));
    if (suspected !== undefined) return await this.declareSuspects(suspected.name, calls);
    const home = [...this.#queues.values()].find(({ name }) => name === queue || deadLetterQueueOf(name) === queue);
    await this.#declareQueue(home ?? this.formOf(queue), calls);
    await this.restoreExits(queue, calls);
    for (const binding of this.#bindings.values()) if (binding.queue === queue) await this.#rebind(binding, calls);
  }

  /** Makes an exchange exist again that was declared here, with what was bound to it. @throws as `declare` */
  async redeclareExchange(name: string): Promise<void> {
    const exchange = this.#exchanges.get(name);
    if (exchange !== undefined) await this.#declareExchange(exchange);
    for (const binding of this.#bindings.values()) if (binding.exchange === name) await this.#bind(binding);
  }

  /** Makes the queues for the suspects of another exist. @param calls As for `redeclare`. @throws TRANSPORT_UNAVAILABLE, TOPOLOGY_MISMATCH */
  async declareSuspects(queue: string, calls?: CallChannel): Promise<void> {
    const form = { ...this.formOf(queue), name: queue };
    const forms = suspectsForms(form);
    const declare = async (name: string): Promise<void> =>
      await this.#through(name, async (onChannel) => await this.#assertions.assert(name, forms, onChannel), calls);
    // One that is away keeps nobody from the other.
    const outcomes = await Promise.allSettled(apartQueuesOf(form).map((name) => declare(name)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw asError(outcome.reason);
  }

  /**
   * Leads what was delayed for a queue there. It may have been deleted and made again: others that delay messages for it cannot know that
   * the way is gone, and the ladders take their messages all the same.
   * @param calls As for `redeclare`.
   * @throws TRANSPORT_UNAVAILABLE
   */
  async restoreExits(queue: string, calls?: CallChannel): Promise<void> {
    const form = { ...this.formOf(queue), name: queue };
    const ladders = CeleryLadder.suitsQueue(form) ? [DelayLadder, CeleryLadder] : [DelayLadder];
    for (const ladder of ladders) {
      try {
        await this.#call(queue, (channel) => ladder.bindExit(channel, queue), calls);
      } catch (error) {
        // Nothing was delayed in this broker yet, or this user may not.
        if (!hasCode(error, "QUEUE_NOT_FOUND") && !hasCode(error, "TRANSPORT_REJECTED")) throw error;
      }
    }
  }

  /** Makes a queue exist for copies of what is held for long of another. @throws TRANSPORT_UNAVAILABLE */
  async declareHolding(name: string, queue: string): Promise<void> {
    await this.#call(name, (channel) => channel.assertQueue(name, holdingArguments(queue)));
  }

  /** Deletes a queue that only this connection knows of, with all that is in it. @throws TRANSPORT_UNAVAILABLE */
  async deleteHolding(name: string): Promise<void> {
    await this.#call(name, (channel) => channel.deleteQueue(name));
  }

  /** Declares everything again on a new session. What is in the way of it there is told in the log: the rest must work all the same. */
  async restore(session: AmqpSession): Promise<void> {
    this.#serverVersion = session.serverVersion;
    const work: ((onChannel: OnChannel) => Promise<unknown>)[] = [
      ...this.#ownForms().map((form) => (on: OnChannel) => this.#assertQueue(form, on)),
      ...[...this.#exchanges.values()].map((exchange) => (on: OnChannel) => on((ch) => assertExchange(ch, exchange))),
      ...[...this.#bindings.values()].map((binding) => (on: OnChannel) => on((ch) => assertBinding(ch, binding))),
    ];
    const channel = new StepChannel(session, "declaring what was declared before");
    for (const step of work) {
      try {
        await step(channel.run);
      } catch (error) {
        // A queue whose node is away keeps nobody from those of the others.
        if (!isAmqpError(error) || (error.retryable && error.kind !== "down")) throw error;
        this.#options.log.error(cannotBeDeclared, { error: error.message });
      }
    }
    await channel.close();
  }

  /** Of the queue that has this name. */
  #formsOf(form: QueueForm): QueueForms {
    return isDeadLetterQueue(form.name) ? deadForms(form) : mainForms(form, this.#serverVersion);
  }

  /** Dead-letter queues that were declared by themselves are left out: they are made with their queue, in its form, which may be unknown here. */
  #ownForms(): readonly QueueForm[] {
    return [...this.#queues.values()].filter(({ name }) => !isDeadLetterQueue(name));
  }

  /** A queue was deleted: neither declare it again nor take messages for it. */
  forget(queue: string): void {
    this.#queues.delete(queue);
    this.#names.delete(queue);
    this.#names.delete(deadLetterQueueOf(queue));
    for (const [key, binding] of this.#bindings) if (binding.queue === queue) this.#bindings.delete(key);
  }

  #check(queue: QueueDeclaration): QueueForm {
    checkName(queue.name, { kind: "queue" });
    if (takenNames.test(queue.name) || isHoldingQueue(queue.name)) {
      throw new NameError(
        `Queue names that begin with "amq.", "lovage.delay." or "celery_delayed_", or end in ".suspects" or like copies that are held, are taken on RabbitMQ: "${queue.name}".`,
      );
    }
    return queueForm(queue, this.#options.defaults);
  }

  #checkBinding(binding: Binding, queues: readonly QueueDeclaration[]): void {
    checkName(binding.exchange, { kind: "exchange" });
    checkRoutingKey(binding.routingKey ?? "");
    if (!queues.some(({ name }) => name === binding.queue)) this.require(binding.queue);
  }

  async #declareQueue(form: QueueForm, calls?: CallChannel): Promise<void> {
    const { name } = form;
    if (isDeadLetterQueue(name) && (await this.#exists(name, calls))) {
      // It was made with its queue, and keeps letters for as long as that one said.
    } else await this.#through(name, async (onChannel) => await this.#assertQueue(form, onChannel), calls);
    this.#queues.set(name, form);
    this.#names.add(name).add(deadLetterQueueOf(name));
  }

  /** With its dead-letter queue. */
  async #assertQueue(form: QueueForm, onChannel: OnChannel): Promise<void> {
    const { name } = form;
    await this.#assertions.assert(name, this.#formsOf(form), onChannel);
    const dead = deadLetterQueueOf(name);
    if (isDeadLetterQueue(name)) return;
    try {
      await this.#assertions.assert(dead, deadForms(form), onChannel);
    } catch (error) {
      // Its queue may be on another node, and must be used meanwhile; what becomes a dead letter waits for it.
      if (!isAmqpError(error) || error.kind !== "down") throw error;
      this.#options.log.warn(isAway, { error: error.message });
    }
  }

  async #declareExchange(exchange: ExchangeDeclaration, calls?: CallChannel): Promise<void> {
    await this.#call(exchange.name, (channel) => assertExchange(channel, exchange), calls);
    this.#exchanges.set(exchange.name, exchange);
  }

  /** The queue must be consumed again all the same: what cannot be bound is told in the log, as on a new session. */
  async #rebind(binding: Binding, calls?: CallChannel): Promise<void> {
    const exchange = this.#exchanges.get(binding.exchange);
    try {
      // It may have been deleted with the queue.
      if (exchange !== undefined) await this.#declareExchange(exchange, calls);
      await this.#bind(binding, calls);
    } catch (error) {
      if (!isLovageError(error) || error.retryable) throw error;
      this.#options.log.error(cannotBeDeclared, { error: error.message });
    }
  }

  async #bind(binding: Binding, calls?: CallChannel): Promise<void> {
    try {
      await this.#call(binding.exchange, (channel) => assertBinding(channel, binding), calls);
    } catch (error) {
      if (!hasCode(error, "QUEUE_NOT_FOUND")) throw error;
      throw new OptionError(
        `A binding names the exchange "${binding.exchange}" or the queue "${binding.queue}", which does not exist.`,
        { field: "bindings", cause: error },
      );
    }
    this.#bindings.set(JSON.stringify([binding.exchange, binding.queue, binding.routingKey ?? ""]), binding);
  }

  async #exists(queue: string, calls?: CallChannel): Promise<boolean> {
    try {
      await this.#call(queue, (channel) => channel.checkQueue(queue), calls);
      return true;
    } catch (error) {
      if (hasCode(error, "QUEUE_NOT_FOUND")) return false;
      throw error;
    }
  }

  async #call(name: string, work: (channel: Channel) => Promise<unknown>, calls?: CallChannel): Promise<void> {
    await this.#through(name, async (onChannel) => await onChannel(work), calls);
  }

  async #through(
    name: string,
    work: (onChannel: OnChannel) => Promise<unknown>,
    calls: CallChannel = this.#options.calls,
  ): Promise<void> {
    try {
      await work((step) => calls.call(`declaring "${name}"`, step));
    } catch (error) {
      throw toTransportError(error, { name });
    }
  }
}
