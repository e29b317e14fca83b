import type { AmqpSession, CallChannel, Channel } from "@lovage/client-amqp";
import { isAmqpError } from "@lovage/client-amqp";
import type { Log } from "@lovage/foundation";
import { checkName, hasCode, isLovageError, NameError, OptionError, quoteValue } from "@lovage/foundation";
import type { Binding, ExchangeDeclaration, QueueDeclaration, Topology } from "@lovage/transport";
import { deadLetterQueueOf, isDeadLetterQueue, QueueNotDeclaredError } from "@lovage/transport";

import { CeleryLadder } from "./celery-ladder.ts";
import { DelayLadder } from "./delay-ladder.ts";
import { toTransportError } from "./errors.ts";
import { checkShortText } from "./header-table.ts";
import type { ParsedQueueOptions, QueueType } from "./options.ts";
import {
  deadArguments,
  holdingArguments,
  mainArguments,
  queueForm,
  suspectsArguments,
  suspectsQueueOf,
  type QueueForm,
} from "./queue-form.ts";

const takenNames = /^(?:amq\.|lovage\.delay\.|celery_delayed_)/;
const cannotBeDeclared = "What was declared before cannot be declared again.";
const exchangeTypes: readonly string[] = ["direct", "topic", "fanout"];

/** What {@link DeclaredTopology} works with. */
export interface TopologyOptions {
  readonly calls: CallChannel;
  readonly log: Log;
  /** Of queues that do not say. */
  readonly defaults: ParsedQueueOptions & { readonly queueType: QueueType };
}

/** What this connection has declared: checked before any I/O, remembered, and declared again after a reconnection. */
export class DeclaredTopology {
  readonly #options: TopologyOptions;
  readonly #queues = new Map<string, QueueForm>();
  readonly #names = new Set<string>();
  readonly #exchanges = new Map<string, ExchangeDeclaration>();
  readonly #bindings = new Map<string, Binding>();

  constructor(options: TopologyOptions) {
    this.#options = options;
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
    const suspected = [...this.#queues.keys()].find((name) => suspectsQueueOf(name) === queue);
    if (suspected !== undefined) return await this.declareSuspects(suspected, calls);
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

  /** Makes the queue for the suspects of another exist. @param calls As for `redeclare`. @throws TRANSPORT_UNAVAILABLE, TOPOLOGY_MISMATCH */
  async declareSuspects(queue: string, calls?: CallChannel): Promise<void> {
    const name = suspectsQueueOf(queue);
    const options = suspectsArguments(this.formOf(queue));
    await this.#call(name, async (channel) => await channel.assertQueue(name, options), calls);
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
    const work: ((channel: Channel) => Promise<unknown>)[] = [
      ...[...this.#queues.values()].map((form) => (channel: Channel) => assertQueue(channel, form)),
      ...[...this.#exchanges.values()].map((exchange) => (channel: Channel) => assertExchange(channel, exchange)),
      ...[...this.#bindings.values()].map((binding) => (channel: Channel) => assertBinding(channel, binding)),
    ];
    let channel: Channel | undefined;
    for (const step of work) {
      channel ??= await session.channel();
      try {
        await session.answer(step(channel), "declaring what was declared before");
      } catch (error) {
        if (!isAmqpError(error) || error.retryable) throw error;
        this.#options.log.error(cannotBeDeclared, { error: error.message });
        channel = undefined;
      }
    }
    if (channel !== undefined) await session.closeChannel(channel);
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
    if (takenNames.test(queue.name)) {
      throw new NameError(
        `Queue names that begin with "amq.", "lovage.delay." or "celery_delayed_" are taken on RabbitMQ: "${queue.name}".`,
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
    } else await this.#call(name, (channel) => assertQueue(channel, form), calls);
    this.#queues.set(name, form);
    this.#names.add(name).add(deadLetterQueueOf(name));
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

  async #call(
    name: string,
    work: (channel: Channel) => Promise<unknown>,
    calls: CallChannel = this.#options.calls,
  ): Promise<void> {
    try {
      await calls.call(`declaring "${name}"`, work);
    } catch (error) {
      throw toTransportError(error, { name });
    }
  }
}

/** @throws OPTION_INVALID */
export function checkRoutingKey(key: unknown): void {
  if (typeof key !== "string") throw new OptionError("A routing key is a text.", { field: "routingKey" });
  checkShortText("routingKey", key);
}

function checkExchange({ name, type }: ExchangeDeclaration): void {
  checkName(name, { kind: "exchange" });
  if (exchangeTypes.includes(type)) return;
  throw new OptionError(`Exchange "${name}" must be of type direct, topic or fanout, not ${quoteValue(type)}.`, {
    field: "type",
  });
}

async function assertQueue(channel: Channel, form: QueueForm): Promise<void> {
  const { name } = form;
  if (isDeadLetterQueue(name)) await channel.assertQueue(name, deadArguments(form));
  else {
    await channel.assertQueue(name, mainArguments(form));
    await channel.assertQueue(deadLetterQueueOf(name), deadArguments(form));
  }
}

async function assertExchange(channel: Channel, { name, type }: ExchangeDeclaration): Promise<void> {
  await channel.assertExchange(name, type, { durable: true });
}

async function assertBinding(channel: Channel, { queue, exchange, routingKey = "" }: Binding): Promise<void> {
  await channel.bindQueue(queue, exchange, routingKey);
}
