import { BackendUnavailableError, type ResultPut } from "@lovage/backend";
import { ConfirmPublisher, patience, type AmqpError, type AmqpSession, type Posting } from "@lovage/client-amqp";
import { ClosedError, type Clock, type Log } from "@lovage/foundation";

import { toBackendError } from "./errors.ts";
import type { ReplyAddresses } from "./reply-addresses.ts";
import { replyProperties } from "./reply-message.ts";

/** A result, and the queue of the one who waits for it. */
export type AddressedPut = ResultPut & { readonly replyTo: string };

/** How long the broker may take to accept a result. */
const acceptMs = 10_000;

/** What a {@link ReplySender} works with. */
export interface ReplySenderParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Pick<ReplyAddresses, "judge" | "noteAccepted">;
}

/** Sends results to those who wait for them. */
export class ReplySender {
  readonly #clock: Clock;
  readonly #addresses: ReplySenderParts["addresses"];
  readonly #publisher: ConfirmPublisher;
  /** What is dealt with of calls that failed: whoever repeats such a call repeats the rest of it alone. */
  readonly #done = new WeakSet<ResultPut>();
  #isClosed = false;

  constructor({ clock, log, addresses }: ReplySenderParts) {
    this.#clock = clock;
    this.#addresses = addresses;
    this.#publisher = new ConfirmPublisher({ clock, log });
  }

  /** Goes on over a new session. */
  use(session: AmqpSession): void {
    this.#publisher.use(session);
  }

  /**
   * Resolves once the broker has accepted all of them. One for somebody who is gone is dropped. After a failure the same objects may be given again: what was
   * accepted of them is not sent twice.
   * @throws BACKEND_UNAVAILABLE, CLOSED
   */
  async send(puts: readonly AddressedPut[]): Promise<void> {
    const open = new Set(puts.filter((put) => !this.#done.has(put)));
    if (open.size > 0) await this.#sendAll(open);
    // Nobody repeats what went well; the same record put once more later is another one.
    for (const put of puts) this.#done.delete(put);
  }

  /** What is under way ends with `CLOSED`. */
  close(): void {
    this.#isClosed = true;
    this.#publisher.close();
  }

  /** @param open What is not dealt with yet, and becomes less. */
  async #sendAll(open: Set<AddressedPut>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let failure: AmqpError | undefined;
    // One that fails waits for the others: what they have come to is to be known when all are repeated.
    const settle = (put: AddressedPut, error: AmqpError | null): void => {
      open.delete(put);
      if (error === null) this.#done.add(put);
      failure ??= error ?? undefined;
      if (open.size > 0) return;
      if (failure === undefined) resolve();
      else reject(this.#toError(failure));
    };
    const postings = [...open].map((put) => postingOf(put, (error) => void this.#judge(put, error, settle)));
    const timer = patience(this.#clock, acceptMs, () => {
      this.#publisher.abandon(postings);
      reject(new BackendUnavailableError(`RabbitMQ did not accept results within ${acceptMs} ms.`));
    });
    this.#publisher.post(postings);
    try {
      await promise;
    } finally {
      timer.cancel();
    }
  }

  async #judge(
    put: AddressedPut,
    error: AmqpError | null,
    settle: (put: AddressedPut, error: AmqpError | null) => void,
  ): Promise<void> {
    if (error === null) this.#addresses.noteAccepted(put.replyTo);
    settle(put, error?.kind === "unroutable" ? await this.#addresses.judge(put.replyTo) : error);
  }

  #toError(error: AmqpError): unknown {
    if (this.#isClosed) return new ClosedError("The rpc backend is closed: open another one to go on.");
    return toBackendError(error);
  }
}

function postingOf(put: AddressedPut, done: Posting["done"]): Posting {
  const body = Buffer.from(put.document);
  return { exchange: "", routingKey: put.replyTo, properties: replyProperties(put), body, done, state: "waiting" };
}
