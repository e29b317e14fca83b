import type { Backend } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { checkName, isLovageError } from "@lovage/foundation";
import type { Connection, Delivery, NotBefore, OutgoingMessage, QueueDeclaration } from "@lovage/transport";
import type { Producer, RuntimeSettings, SendOptions } from "../app/app-runtime.ts";
import type { PriorityWarnings } from "../queue/priority-warnings.ts";
import { encodeTask } from "../protocol/encode-task.ts";
import type { EncodeTaskOptions } from "../protocol/encode-task.ts";
import { retryMessage } from "../protocol/retry-message.ts";
import type { TaskCall } from "../protocol/task-call.ts";

/** What a producer needs of its app. */
export interface ProducerOptions {
  readonly clock: Clock;
  /** Loads what the configuration names; only then the functions below say the last word. */
  ready(): Promise<void>;
  /** Whether `ready` has nothing to wait for. */
  isReady(): boolean;
  connection(): Promise<Connection>;
  backend(): Promise<Backend | undefined>;
  settings(): RuntimeSettings;
  /** A queue as it is to be declared. */
  declarationOf(queue: string): QueueDeclaration;
  /** The queue of a task's calls. */
  queueOf(task: string): string;
  readonly priorityWarnings: PriorityWarnings;
  /** Tells an operator what works only in part. */
  warn(message: string, fields: Record<string, unknown>): void;
}

/** A call, and how it travels. */
export interface PreparedCall {
  readonly call: TaskCall;
  readonly send: SendOptions;
}

interface Session {
  readonly connection: Connection;
  /** Queue for results, where they travel by message to the caller. */
  readonly replyTo: string | undefined;
}

/** Where calls of a task go, and in which form. */
interface Route {
  readonly queue: string;
  readonly encoding: EncodeTaskOptions;
  /** For Celery's workers, who look at the header. */
  readonly etaMs: number | undefined;
  readonly notBefore: NotBefore | undefined;
}

type QueuedMessage = OutgoingMessage & { readonly to: string };

const asUsual: SendOptions = Object.freeze({});

/** Sends calls over the app's connection. Once that is open and a queue declared, nothing is waited for but the publish itself. */
export class BrokerProducer implements Producer {
  readonly #options: ProducerOptions;
  /** By queue; `true` once declared. */
  readonly #declared = new Map<string, Promise<void> | true>();
  #isReady = false;
  #session: Session | undefined;
  /** It could not say where results go; calls do without until it can. */
  #isBackendAway = false;
  #isAskingAgain = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  async prepare(call: TaskCall, options: SendOptions = asUsual): Promise<OutgoingMessage> {
    const [message] = await this.prepareAll([{ call, send: options }]);
    return message as OutgoingMessage;
  }

  /** Prepares calls that are to be sent together, each with options of its own. All are encoded before anything is opened. */
  async prepareAll(sends: readonly PreparedCall[]): Promise<readonly OutgoingMessage[]> {
    if (!(this.#isReady ||= this.#options.isReady())) await this.#becomeReady();
    const messages = sends.map(({ call, send }) => this.#encode(call, this.#routeOf(call.task, send)));
    const { connection, replyTo } = await this.#sessionFor(messages);
    this.#checkPriorities(connection, messages);
    if (this.#isBackendAway) void this.#askAgain();
    return messages.map((message) => withReplyTo(message, replyTo));
  }

  async send(calls: readonly TaskCall[], options: SendOptions = asUsual): Promise<void> {
    if (calls.length === 0) return;
    if (!(this.#isReady ||= this.#options.isReady())) await this.#becomeReady();
    // All are encoded before the broker is even connected to: what cannot travel must not leave half of a batch behind.
    const messages = this.#encodeAll(calls, options);
    const { connection, replyTo } = this.#readySession(messages) ?? (await this.#sessionFor(messages));
    this.#checkPriorities(connection, messages);
    if (this.#isBackendAway) void this.#askAgain();
    const { transaction } = options;
    const addressed = replyTo === undefined ? messages : messages.map((message) => withReplyTo(message, replyTo));
    await connection.publish(addressed, transaction === undefined ? undefined : { transaction });
  }

  async prepareRetry(delivery: Delivery, call: TaskCall, options: SendOptions): Promise<OutgoingMessage> {
    if (!(this.#isReady ||= this.#options.isReady())) await this.#becomeReady();
    const queue = options.queue ?? delivery.queue;
    const isCelery = this.#isReadByCelery(queue);
    const etaMs = isCelery ? this.#etaMs(options) : undefined;
    const changes = { retries: call.retries + 1, celery: isCelery, ...(etaMs === undefined ? {} : { etaMs }) };
    const message = retryMessage(delivery.message, call, changes);
    const outgoing = address(message, queue, notBeforeOf(options));
    await this.#sessionFor([outgoing]);
    return outgoing;
  }

  async declareQueue(queue: string): Promise<void> {
    const known = this.#declared.get(queue);
    if (known !== undefined) return known === true ? undefined : known;
    const declaring = this.#declare(checkName(queue, { kind: "queue" }));
    this.#declared.set(queue, declaring);
    await declaring;
  }

  forgetQueue(queue: string): void {
    this.#declared.delete(queue);
  }

  async #declare(queue: string): Promise<void> {
    try {
      if (!(this.#isReady ||= this.#options.isReady())) await this.#becomeReady();
      const { connection } = this.#session ?? (await this.#open());
      await connection.declare({ queues: [this.#options.declarationOf(queue)] });
      this.#declared.set(queue, true);
    } catch (error) {
      // Not remembered, so that the next call tries again.
      this.#declared.delete(queue);
      throw error;
    }
  }

  async #becomeReady(): Promise<void> {
    await this.#options.ready();
    this.#isReady = true;
  }

  /** The session, if it is open and the queues of these messages are declared. */
  #readySession(messages: readonly QueuedMessage[]): Session | undefined {
    return messages.every(({ to }) => this.#declared.get(to) === true) ? this.#session : undefined;
  }

  /** The open session, with the queues of these messages declared. */
  async #sessionFor(messages: readonly QueuedMessage[]): Promise<Session> {
    const session = this.#session ?? (await this.#open());
    for (const { to } of messages) if (this.#declared.get(to) !== true) await this.declareQueue(to);
    return session;
  }

  async #open(): Promise<Session> {
    const [connection, replyTo] = await Promise.all([this.#options.connection(), this.replyTo()]);
    return (this.#session ??= { connection, replyTo });
  }

  /** The queue for results, where they travel by message to the caller. A backend that is away must not stop anybody from sending. */
  async replyTo(): Promise<string | undefined> {
    try {
      return await this.#askReplyTo();
    } catch (error) {
      if (!isLovageError(error) || !error.retryable) throw error;
      this.#isBackendAway = true;
      this.#options.warn("The result backend cannot be reached; calls are sent all the same.", { error });
      return undefined;
    }
  }

  async #askReplyTo(): Promise<string | undefined> {
    const replyTo = (await this.#options.backend())?.results?.replyTo;
    this.#isBackendAway = false;
    if (this.#session !== undefined) this.#session = { ...this.#session, replyTo };
    return replyTo;
  }

  /** Nobody waits for it: each call would be held up for as long as connecting takes to fail. Never rejects. */
  async #askAgain(): Promise<void> {
    if (this.#isAskingAgain) return;
    this.#isAskingAgain = true;
    try {
      await this.#askReplyTo();
    } catch {
      // It was told before that the backend is away; the next call asks again.
    }
    this.#isAskingAgain = false;
  }

  #checkPriorities(connection: Connection, messages: readonly QueuedMessage[]): void {
    for (const { to: queue, headers, properties } of messages) {
      const { priority } = properties;
      if (priority === undefined) continue;
      this.#options.priorityWarnings.check(connection, { queue, task: headers["task"], priority });
    }
  }

  #encodeAll(calls: readonly TaskCall[], options: SendOptions): readonly QueuedMessage[] {
    let task: string | undefined;
    let route: Route | undefined;
    return calls.map((call) => {
      // Calls that are sent together are nearly always of one task.
      if (route === undefined || call.task !== task) {
        task = call.task;
        route = this.#routeOf(task, options);
      }
      return this.#encode(call, route);
    });
  }

  #routeOf(task: string, options: SendOptions): Route {
    const queue = options.queue ?? this.#options.queueOf(task);
    const { maxPayloadBytes } = this.#options.settings();
    const isCelery = this.#isReadByCelery(queue);
    const notBefore = notBeforeOf(options);
    return {
      queue,
      encoding: { dialect: isCelery ? "celery" : "lovage", maxPayloadBytes },
      etaMs: isCelery ? this.#etaMs(options) : undefined,
      notBefore,
    };
  }

  #encode(call: TaskCall, { queue, encoding, etaMs, notBefore }: Route): QueuedMessage {
    const message = encodeTask(etaMs === undefined ? call : { ...call, etaMs }, encoding);
    return address(message, queue, notBefore);
  }

  /** Celery's workers look at the header, whatever the broker does. */
  #etaMs({ countdownMs, etaMs }: SendOptions): number | undefined {
    return countdownMs === undefined ? etaMs : this.#options.clock.now() + countdownMs;
  }

  #isReadByCelery(queue: string): boolean {
    const { consumers } = this.#options.declarationOf(queue);
    return consumers === "celery" || consumers === "mixed";
  }
}

function address(message: Omit<OutgoingMessage, "to">, queue: string, notBefore: NotBefore | undefined): QueuedMessage {
  const { headers, properties, body } = message;
  return notBefore === undefined
    ? { headers, properties, body, to: queue }
    : { headers, properties, body, to: queue, notBefore };
}

function notBeforeOf({ countdownMs, etaMs }: SendOptions): NotBefore | undefined {
  if (countdownMs !== undefined) return { inMs: countdownMs };
  return etaMs === undefined ? undefined : { atMs: etaMs };
}

/** A step of a workflow has the address of the one who waits for the whole, whoever sends it. */
function withReplyTo(message: QueuedMessage, replyTo: string | undefined): QueuedMessage {
  return replyTo === undefined || message.properties.replyTo !== undefined
    ? message
    : { ...message, properties: { ...message.properties, replyTo } };
}
