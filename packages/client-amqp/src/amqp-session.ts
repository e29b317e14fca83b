import type { Clock } from "@lovage/foundation";
import { abortable } from "@lovage/foundation";
import type { Channel, ChannelModel, ConfirmChannel } from "amqplib";

import { AmqpError, toAmqpError } from "./amqp-error.ts";
import { heartbeatOf, socketOf, type HostConnection } from "./connect-host.ts";
import { patience } from "./patience.ts";
import { StandstillWatch } from "./standstill-watch.ts";

/** How long the server may take to answer a call. */
const answerMs = 10_000;
/** How long the socket of a connection that has ended may take to write what is left, such as the answer to the server's farewell. */
const lastWordsMs = 250;

/** One connection to one node, from its opening to its end. It never comes back; the link opens another. */
export class AmqpSession {
  readonly where: string;
  readonly #model: ChannelModel;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  readonly #watch: StandstillWatch;
  /** Calls without an answer yet: some the client leaves without one when the connection ends. */
  readonly #asked = new Set<(cause: unknown) => void>();
  #isBlocked = false;

  constructor({ model, where }: HostConnection, clock: Clock, heartbeatMs: number) {
    this.where = where;
    this.#model = model;
    this.#clock = clock;
    this.#watch = new StandstillWatch(clock, Math.min(heartbeatMs, heartbeatOf(model) ?? heartbeatMs));
    model.on("close", (cause: unknown) => this.#end(cause));
    model.on("blocked", () => (this.#isBlocked = true));
    model.on("unblocked", () => (this.#isBlocked = false));
  }

  /** Aborts when the connection has ended; the reason is the cause. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** The server takes no messages for now: its memory or disk alarm is on. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** How often this process has stood still for a heartbeat or longer: the server may have ended the connection each time. */
  get standstills(): number {
    return this.#watch.count;
  }

  /** Version of the server, such as `4.0.5`. */
  get serverVersion(): string {
    const { serverProperties } = this.#model.connection;
    return serverProperties.version;
  }

  /** Tells when the server begins or ends to refuse messages. */
  onBlocked(listener: (isBlocked: boolean, reason?: string) => void): void {
    this.#model.on("blocked", (reason: string) => listener(true, reason));
    this.#model.on("unblocked", () => listener(false));
  }

  /** @throws AmqpError */
  async channel(): Promise<Channel> {
    return await this.#opened(this.#model.createChannel());
  }

  /** @throws AmqpError */
  async confirmChannel(): Promise<ConfirmChannel> {
    return await this.#opened(this.#model.createConfirmChannel());
  }

  /**
   * Waits for the server's answer to a call, at most 10 s in which this process could read it: some calls are never answered, such as consuming from a
   * queue without a leader.
   * @param what What is being done, for the error.
   * @throws AmqpError
   */
  answer<T>(promise: PromiseLike<T>, what: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const fail = (error: unknown): void => {
        release();
        reject(toAmqpError(error, this.where, what));
      };
      const silence = `RabbitMQ at ${this.where}, ${what}: no answer within ${answerMs} ms.`;
      const timer = patience(this.#clock, answerMs, () => fail(new AmqpError(silence, { kind: "unavailable" })));
      const release = (): void => {
        timer.cancel();
        this.#asked.delete(fail);
      };
      this.#asked.add(fail);
      promise.then(resolve, fail).then(release, release);
      if (this.#ended.signal.aborted) fail(this.#ended.signal.reason);
    });
  }

  /** Ends a channel. Never rejects, and waits no longer than an answer may take: the client leaves a close without one when the connection ends meanwhile. */
  async closeChannel(channel: Channel): Promise<void> {
    try {
      await this.answer(channel.close(), "closing a channel");
    } catch {
      // Gone is gone, whether the server says so or not.
    }
  }

  /** An orderly end, at most so long; then the socket is destroyed. Never rejects. */
  async close(withinMs: number): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const deadline = this.#clock.deadline(withinMs);
    // Whether the server still answers does not matter: the socket goes either way.
    await abortable(this.#model.close(), deadline.signal).catch(() => {});
    deadline.cancel();
    this.destroy(new AmqpError(`The connection to RabbitMQ at ${this.where} was closed.`, { kind: "broken" }));
  }

  /** Ends it at once, without a word to the server. */
  destroy(cause: Error): void {
    // The client stops its heartbeats only when the socket tells of an error.
    socketOf(this.#model).destroy(cause);
    this.#end(cause);
  }

  async #opened<C extends Channel>(opening: Promise<C>): Promise<C> {
    try {
      return this.#guard(await this.answer(opening, "opening a channel"));
    } catch (error) {
      // One that comes late is nobody's; a failure was told.
      opening.then((late) => this.closeChannel(this.#guard(late))).catch(() => {});
      throw error;
    }
  }

  #guard<C extends Channel>(channel: C): C {
    // Told by "close" as well; without a listener the process would end.
    channel.on("error", () => {});
    return channel;
  }

  #end(cause: unknown): void {
    if (this.#ended.signal.aborted) return;
    const why = toAmqpError(cause ?? new Error("The connection was closed by the server"), this.where, "in use");
    this.#watch.close();
    this.#ended.abort(why);
    for (const fail of this.#asked) fail(why);
    this.#endSocket();
  }

  /** The client only ends its side; a peer that is silent would keep the socket open, and one that reads nothing what is still to be written. */
  #endSocket(): void {
    const socket = socketOf(this.#model);
    if (socket.destroyed) return;
    const timer = this.#clock.timer(lastWordsMs, () => socket.destroy());
    socket.once("close", () => timer.cancel());
    socket.destroySoon();
  }
}
