import type { AmqpSession, Channel } from "@lovage/client-amqp";

/** Does something on a channel, which a refusal costs. @throws AmqpError */
export type OnChannel = (work: (channel: Channel) => Promise<unknown>) => Promise<unknown>;

/** One channel of a session for a series of steps, and another one after each that was refused. */
export class StepChannel {
  readonly #session: AmqpSession;
  readonly #what: string;
  #channel: Channel | undefined;

  /** @param what What is being done, for errors. */
  constructor(session: AmqpSession, what: string) {
    this.#session = session;
    this.#what = what;
  }

  /** Begun one after the other. */
  readonly run: OnChannel = async (work) => {
    const channel = this.#channel ?? (await this.#session.channel());
    // Until it has answered: a refusal ends it.
    this.#channel = undefined;
    const answer = await this.#session.answer(work(channel), this.#what);
    this.#channel = channel;
    return answer;
  };

  async close(): Promise<void> {
    if (this.#channel !== undefined) await this.#session.closeChannel(this.#channel);
  }
}
