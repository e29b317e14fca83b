import type { AmqpLink, AmqpSession, CallChannel, Channel } from "@lovage/client-amqp";
import type { Clock, Log } from "@lovage/foundation";
import { backOff, ClosedError, errorText, hasCode } from "@lovage/foundation";
import { checkBroadcast, checkChannel } from "@lovage/transport";
import type { Broadcast, Message, Subscription } from "@lovage/transport";

import { toTransportError } from "./errors.ts";
import { decodeMessage } from "./wire/message-codec.ts";

/** What an {@link AmqpBroadcast} works with. */
export interface BroadcastParts {
  readonly link: AmqpLink;
  readonly calls: CallChannel;
  readonly clock: Clock;
  readonly log: Log;
  readonly isClosed: () => boolean;
  readonly maxMessageBytes: number;
  /** Publishes to an exchange; resolves once the broker has it. A message that nobody listens for is no fault. @throws MESSAGE_UNROUTABLE when the exchange is gone */
  readonly send: (exchange: string, message: Message) => Promise<void>;
}

interface OpenChannel {
  readonly channel: Channel;
  readonly session: AmqpSession;
}

interface Listening {
  readonly channel: string;
  readonly listener: (message: Message) => void;
  readonly closed: AbortController;
  consumer: Promise<OpenChannel> | undefined;
  failures: number;
}

/** Waits before a channel that ended, or could not be opened, is opened again, while its connection lives. */
const waits = { baseMs: 50, maxMs: 5_000, jitter: "equal" } as const;

/**
 * A channel is a fanout exchange of its name, with the flags of Celery's `celery.pidbox`; a subscriber has a queue of its own that ends with its
 * connection.
 */
export class AmqpBroadcast implements Broadcast {
  readonly #parts: BroadcastParts;
  readonly #declared = new Set<string>();
  readonly #listening = new Set<Listening>();

  constructor(parts: BroadcastParts) {
    this.#parts = parts;
  }

  /** Goes on over a new session. */
  use(session: AmqpSession): void {
    this.#declared.clear();
    for (const listening of this.#listening) this.#begin(session, listening);
  }

  async publish(channel: string, message: Message): Promise<void> {
    this.#requireOpen();
    checkBroadcast(channel, message, this.#parts.maxMessageBytes);
    await this.#declare(channel);
    try {
      await this.#parts.send(channel, message);
    } catch (error) {
      if (!hasCode(error, "MESSAGE_UNROUTABLE")) throw error;
      await this.#restore(channel);
      await this.#parts.send(channel, message);
    }
  }

  /** Its exchange was deleted, and what subscribers had bound to it went along: others cannot know, ours listen again. */
  async #restore(channel: string): Promise<void> {
    this.#declared.delete(channel);
    await this.#declare(channel);
    for (const listening of this.#listening) {
      if (listening.channel !== channel) continue;
      const open = await listening.consumer?.catch(() => undefined);
      if (open !== undefined) await open.session.closeChannel(open.channel);
    }
  }

  async subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription> {
    this.#requireOpen();
    checkChannel(channel);
    await this.#declare(channel);
    const listening: Listening = { channel, listener, closed: new AbortController(), consumer: undefined, failures: 0 };
    try {
      listening.consumer = this.#listen(this.#parts.link.requireSession(), listening);
      await listening.consumer;
    } catch (error) {
      throw toTransportError(error, { name: channel });
    }
    this.#listening.add(listening);
    return { close: () => this.#stop(listening) };
  }

  async #stop(listening: Listening): Promise<void> {
    listening.closed.abort();
    this.#listening.delete(listening);
    try {
      const open = await listening.consumer;
      await open?.session.closeChannel(open.channel);
    } catch {
      // It has ended with its connection, and its queue with it.
    }
  }

  async #declare(channel: string): Promise<void> {
    if (this.#declared.has(channel)) return;
    try {
      await this.#parts.calls.call(`declaring exchange "${channel}"`, (calls) => assertFanout(calls, channel));
    } catch (error) {
      throw toTransportError(error, { name: channel });
    }
    this.#declared.add(channel);
  }

  #begin(session: AmqpSession, listening: Listening): void {
    listening.consumer = this.#listen(session, listening);
    listening.consumer.catch((error: unknown) => {
      this.#parts.log.warn(`Channel "${listening.channel}" is not heard for now.`, { error: errorText(error) });
      void this.#beginAgain(session, listening);
    });
  }

  async #beginAgain(session: AmqpSession, listening: Listening): Promise<void> {
    const { closed, failures } = listening;
    listening.failures += 1;
    try {
      const signal = AbortSignal.any([session.ended, closed.signal]);
      await this.#parts.clock.sleep(backOff(waits, failures), { signal });
    } catch {
      // Nobody listens any more, or the next session begins.
      return;
    }
    this.#begin(session, listening);
  }

  async #listen(session: AmqpSession, listening: Listening): Promise<OpenChannel> {
    const channel = await session.channel();
    try {
      await this.#consume({ channel, session }, listening);
    } catch (error) {
      void session.closeChannel(channel);
      throw error;
    }
    listening.failures = 0;
    channel.once("close", () => void this.#beginAgain(session, listening));
    return { channel, session };
  }

  async #consume({ channel, session }: OpenChannel, listening: Listening): Promise<void> {
    const what = `subscribing to "${listening.channel}"`;
    await session.answer(assertFanout(channel, listening.channel), what);
    // Exclusive: it belongs to this connection and ends with it. Named by the server.
    const declared = channel.assertQueue("", { exclusive: true, durable: false, autoDelete: true });
    const { queue } = await session.answer(declared, what);
    await session.answer(channel.bindQueue(queue, listening.channel, ""), what);
    const hear: Parameters<Channel["consume"]>[1] = (raw) => {
      // The server says so when the queue was deleted.
      if (raw === null) void session.closeChannel(channel);
      else if (!listening.closed.signal.aborted) listening.listener(decodeMessage(raw, false).message);
    };
    await session.answer(channel.consume(queue, hear, { noAck: true }), what);
  }

  #requireOpen(): void {
    if (this.#parts.isClosed()) throw new ClosedError("The connection to the broker is closed.");
  }
}

async function assertFanout(channel: Channel, name: string): Promise<void> {
  await channel.assertExchange(name, "fanout", { durable: false, autoDelete: false });
}
