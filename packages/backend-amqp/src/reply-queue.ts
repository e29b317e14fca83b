import type { AmqpSession, Channel, ConsumeMessage } from "@lovage/client-amqp";
import type { Clock, Log, Timer } from "@lovage/foundation";
import { backOff } from "@lovage/foundation";

/** What a {@link ReplyQueue} is made with. */
export interface ReplyQueueOptions {
  readonly name: string;
  /** How long the server keeps it while nobody consumes. */
  readonly expiresMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called for each reply; it is acknowledged afterwards. Must not throw. */
  readonly onReply: (reply: ConsumeMessage) => void;
}

/** Waits before a channel that ended is opened again, while its connection lives. */
const waits = { baseMs: 50, maxMs: 5_000, jitter: "equal" } as const;
/** What may be on its way to a process that is slow to read. */
const prefetch = 1_000;

/**
 * The queue of this process for results. Celery's is deleted with the connection that reads it, and what is sent before that is back is lost; this one
 * stays for a while, and is declared again where it is gone.
 */
export class ReplyQueue {
  readonly #options: ReplyQueueOptions;
  #channel: Channel | undefined;
  /** That of the channel. */
  #session: AmqpSession | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(options: ReplyQueueOptions) {
    this.#options = options;
  }

  /** Declares it and consumes from it. @throws AmqpError */
  async open(session: AmqpSession): Promise<void> {
    const channel = await session.channel();
    this.#channel = channel;
    this.#session = session;
    channel.once("close", () => {
      if (this.#leave(channel)) this.#retry(session);
    });
    try {
      await this.#consume(channel, session);
      this.#failures = 0;
    } catch (error) {
      this.#leave(channel);
      void session.closeChannel(channel);
      throw error;
    }
  }

  /** Goes on over a new session. */
  restart(session: AmqpSession): void {
    this.#timer?.cancel();
    void this.#reopen(session);
  }

  /** Deletes it: nobody reads what else comes. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    const [channel, session, { name }] = [this.#channel, this.#session, this.#options];
    this.#channel = undefined;
    if (channel === undefined || session === undefined) return;
    try {
      await session.answer(channel.deleteQueue(name), `deleting the queue for replies "${name}"`);
    } catch {
      // Without a connection it expires by itself.
    }
  }

  async #consume(channel: Channel, session: AmqpSession): Promise<void> {
    const { name, expiresMs } = this.#options;
    const what = `consuming from the queue for replies "${name}"`;
    // With its type, for which a vhost may have another one.
    const options = { durable: true, expires: expiresMs, arguments: { "x-queue-type": "classic" } };
    await session.answer(channel.assertQueue(name, options), what);
    await session.answer(channel.prefetch(prefetch), what);
    const receive = (reply: ConsumeMessage | null): void => {
      if (reply !== null) return this.#receive(channel, reply);
      // The server says so when the queue was deleted.
      if (this.#leave(channel)) this.#retry(session);
      void session.closeChannel(channel);
    };
    await session.answer(channel.consume(name, receive), what);
  }

  #receive(channel: Channel, reply: ConsumeMessage): void {
    this.#options.onReply(reply);
    if (this.#channel === channel) channel.ack(reply);
  }

  /** @returns whether it was the present channel; what else is told of it later is about none that is used */
  #leave(channel: Channel): boolean {
    if (this.#channel !== channel) return false;
    this.#channel = undefined;
    return true;
  }

  #retry(session: AmqpSession): void {
    if (this.#isClosed || session.ended.aborted) return;
    const ms = backOff(waits, this.#failures);
    this.#failures += 1;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.timer(ms, () => void this.#reopen(session));
  }

  async #reopen(session: AmqpSession): Promise<void> {
    if (this.#isClosed || session.ended.aborted) return;
    try {
      await this.open(session);
    } catch (error) {
      this.#options.log.warn("Results cannot be received for now.", { queue: this.#options.name, error });
      this.#retry(session);
    }
  }
}
