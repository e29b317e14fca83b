import { Turns } from "@lovage/foundation";
import type { Channel } from "amqplib";

import { isAmqpError } from "./amqp-error.ts";
import type { AmqpLink } from "./amqp-link.ts";
import type { AmqpSession } from "./amqp-session.ts";

/** Sessions that a call is tried on. */
const attempts = 3;

/**
 * A channel for declarations and questions, one after the other: a refusal closes the channel, and must cost nobody else's call. Opened when
 * it is needed, and again after each refusal.
 */
export class CallChannel {
  readonly #link: AmqpLink;
  #channel: { readonly of: AmqpSession; readonly opened: Promise<Channel> } | undefined;
  readonly #turns = new Turns();

  constructor(link: AmqpLink) {
    this.#link = link;
  }

  /**
   * Waits for the link to come back, as long as connecting may take.
   * @param work May be begun again on another session.
   * @param what What is being done, for errors: `declaring queue "mail"`.
   * @throws AmqpError
   */
  async call<T>(what: string, work: (channel: Channel) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      // Before its turn: with the broker away all wait at once.
      const session = await this.#link.nextSession();
      try {
        return await this.#turns.take(() => this.#run(session, what, work));
      } catch (error) {
        // What is called here may be called twice. A session may have died long ago, and only now it shows.
        if (attempt === attempts || !session.ended.aborted || this.#link.state === "closed") throw error;
      }
    }
  }

  async #run<T>(session: AmqpSession, what: string, work: (channel: Channel) => Promise<T>): Promise<T> {
    // It may have ended while this waited for its turn, and the channel be that of the next one.
    session.ended.throwIfAborted();
    const channel = await this.#open(session);
    try {
      return await session.answer(work(channel), what);
    } catch (error) {
      if (isSpent(error, session) && !session.ended.aborted) {
        this.#channel = undefined;
        void session.closeChannel(channel);
      }
      throw error;
    }
  }

  async #open(session: AmqpSession): Promise<Channel> {
    if (this.#channel?.of === session) return await this.#channel.opened;
    const opened = session.channel();
    const mine = { of: session, opened };
    this.#channel = mine;
    const forget = (): void => {
      if (this.#channel === mine) this.#channel = undefined;
    };
    try {
      const channel = await opened;
      channel.once("close", forget);
      return channel;
    } catch (error) {
      forget();
      throw error;
    }
  }
}

/**
 * Whether a channel is of no use after an error, and does not tell so. A call without an answer may be answered in an hour, and the server reads no other
 * call of this channel before; one that is blocked reads those of no channel. And after what it could not write the client waits for an
 * answer all the same.
 */
function isSpent(error: unknown, session: AmqpSession): boolean {
  if (!isAmqpError(error) || error.kind === "other") return true;
  return error.kind === "unavailable" && !session.isBlocked;
}
