import { BackendUnavailableError, type ResultPut } from "@lovage/backend";
import { ConfirmPublisher, type AmqpError, type AmqpSession, type Posting } from "@lovage/client-amqp";
import { ClosedError, type Clock, type Log } from "@lovage/foundation";

import { toBackendError } from "./errors.ts";
import { replyProperties } from "./reply-message.ts";

/** A result, and the queue of the one who waits for it. */
export type AddressedPut = ResultPut & { readonly replyTo: string };

/** How long the broker may take to accept a result. */
const acceptMs = 10_000;

/** Sends results to those who wait for them. */
export class ReplySender {
  readonly #clock: Clock;
  readonly #publisher: ConfirmPublisher;
  #isClosed = false;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#publisher = new ConfirmPublisher({ clock, log });
  }

  /** Goes on over a new session. */
  use(session: AmqpSession): void {
    this.#publisher.use(session);
  }

  /**
   * Resolves once the broker has accepted all of them; whether the one who waits is still there is not asked.
   * @throws BACKEND_UNAVAILABLE, CLOSED
   */
  async send(puts: readonly AddressedPut[]): Promise<void> {
    if (puts.length === 0) return;
    let open = puts.length;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = (error: AmqpError | null): void => {
      open -= 1;
      if (error !== null) reject(this.#toError(error));
      else if (open === 0) resolve();
    };
    const postings = puts.map((put): Posting => postingOf(put, done));
    const timer = this.#clock.timer(acceptMs, () => {
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

  /** What is under way ends with `CLOSED`. */
  close(): void {
    this.#isClosed = true;
    this.#publisher.close();
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
