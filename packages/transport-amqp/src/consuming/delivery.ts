import { isLovageError, OptionError } from "@lovage/foundation";
import type { DeadLetterReason, Delivery, Message, OutgoingMessage, ReleaseOptions } from "@lovage/transport";
import { DeliverySettledError, LeaseLostError } from "@lovage/transport";

import type { Arrival } from "./consumer-channel.ts";
import { SentMessages } from "../publishing/sent-messages.ts";
import type { Marks } from "../wire/message-codec.ts";

/** How a delivery is settled. */
export type Settlement =
  | { readonly kind: "ack"; readonly followUps: readonly OutgoingMessage[] }
  | { readonly kind: "release"; readonly delayMs: number }
  | { readonly kind: "reject"; readonly reason: DeadLetterReason; readonly followUps: readonly OutgoingMessage[] };

/** Whom a delivery belongs to. */
export interface DeliveryOwner {
  readonly queue: string;
  /** @throws what `publish` throws for a batch that must not be sent */
  check(followUps: readonly OutgoingMessage[]): void;
  /** Resolves once the broker has recorded it. Rejects with what the channel ended by, or with a refused follow-up. */
  settle(delivery: AmqpDelivery, settlement: Settlement): Promise<void>;
  /** The delivery is not unsettled any more. */
  remove(delivery: AmqpDelivery): void;
  /** What was held by it is to come again, though nobody could settle it. */
  letGo(arrival: Arrival): void;
}

const noFollowUps: readonly OutgoingMessage[] = [];
const longestDelayMs = Number.MAX_SAFE_INTEGER;

/**
 * One message that came over a channel, and can be settled on that channel alone: it dies with it. What is held for long changes to another arrival of
 * the same message before the broker takes the first one back.
 *
 * | state | entered | left |
 * |---|---|---|
 * | `held` | by delivery, or when a settlement was refused that is not the last word | `ack`, `release`, `reject`; the channel has ended |
 * | `settling` | by `ack`, `release`, `reject` | the broker answered; the channel has ended |
 * | `settled` | the broker recorded the settlement | never |
 * | `lost` | the channel has ended, the consumer gave the message back, or the last word was refused for good | never |
 */
export class AmqpDelivery implements Delivery {
  readonly message: Message;
  readonly marks: Marks;
  /** How it is held at present. */
  arrival: Arrival;
  readonly token: string;
  /** The queue it lies in: that of suspects is another one. */
  readonly source: string;
  state: "held" | "settling" | "settled" | "lost" = "held";
  readonly #owner: DeliveryOwner;
  #controller: AbortController | undefined;
  #lostBy: Error | undefined;
  #sent: SentMessages | undefined;

  constructor(
    owner: DeliveryOwner,
    {
      message,
      marks,
      arrival,
      source,
      token,
    }: Pick<AmqpDelivery, "message" | "marks" | "arrival" | "source" | "token">,
  ) {
    this.#owner = owner;
    this.message = message;
    this.marks = marks;
    this.arrival = arrival;
    this.source = source;
    this.token = token;
  }

  get queue(): string {
    return this.#owner.queue;
  }

  /** What was sent of what follows: a settlement that is repeated, since it was refused the rest or heard nothing, must not send it again. */
  get sent(): SentMessages {
    this.#sent ??= new SentMessages();
    return this.#sent;
  }

  get fence(): number {
    return this.marks.deliveries + 1;
  }

  get count(): number {
    return this.marks.losses + 1;
  }

  get redelivered(): boolean {
    return this.marks.deliveries > 0;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#lostBy !== undefined) this.#controller.abort(this.#lostBy);
    }
    return this.#controller.signal;
  }

  ack(followUps: readonly OutgoingMessage[] = noFollowUps): Promise<void> {
    return this.#settle({ kind: "ack", followUps });
  }

  release({ delayMs = 0 }: ReleaseOptions = {}): Promise<void> {
    if (delayMs >= 0 && delayMs <= longestDelayMs) return this.#settle({ kind: "release", delayMs });
    return Promise.reject(
      new OptionError(`delayMs must be a number of milliseconds, 0 or more; got ${String(delayMs)}.`, {
        field: "delayMs",
      }),
    );
  }

  reject(reason: DeadLetterReason, followUps: readonly OutgoingMessage[] = noFollowUps): Promise<void> {
    return this.#settle({ kind: "reject", reason, followUps });
  }

  /** Holds it by another arrival from now on; gives the one before, which is to be acknowledged. `undefined`: it is being settled, or lost. */
  holdBy(arrival: Arrival): Arrival | undefined {
    if (this.state !== "held") return undefined;
    const before = this.arrival;
    this.arrival = arrival;
    return before;
  }

  /** The message is not ours any more. Harmless when that is known. */
  lose(cause?: unknown): void {
    if (this.state === "settled" || this.state === "lost") return;
    this.state = "lost";
    this.#lostBy = this.#lostError(cause);
    this.#owner.remove(this);
    this.#controller?.abort(this.#lostBy);
  }

  /** The message could be settled in no other way: it comes again, counted as a loss. Harmless when it is not ours. */
  letGo(cause: unknown): void {
    if (this.state !== "held") return;
    this.lose(cause);
    this.#owner.letGo(this.arrival);
  }

  async #settle(settlement: Settlement): Promise<void> {
    if (this.state !== "held") throw this.#refusal();
    if (settlement.kind !== "release") this.#owner.check(settlement.followUps);
    this.state = "settling";
    try {
      await this.#owner.settle(this, settlement);
    } catch (error) {
      if (this.arrival.channel.hasEnded) this.lose(error);
      if (this.#isLost()) throw this.#refusal();
      this.state = "held";
      if (isLastWord(settlement) && !isForNow(error)) this.letGo(error);
      throw error;
    }
    if (this.#isLost()) throw this.#refusal();
    this.state = "settled";
    this.#owner.remove(this);
  }

  /** Behind a method, since the compiler does not know that the state changes while others run. */
  #isLost(): boolean {
    return this.state === "lost";
  }

  #refusal(): Error {
    return this.#lostBy ?? new DeliverySettledError(this.message.properties.messageId);
  }

  #lostError(cause: unknown): LeaseLostError {
    return new LeaseLostError({ queue: this.queue, messageId: this.message.properties.messageId, cause });
  }
}

/** Whoever cannot acknowledge may reject, and without what was refused. After that nothing is left to try. */
function isLastWord(settlement: Settlement): boolean {
  return settlement.kind === "release" || (settlement.kind === "reject" && settlement.followUps.length === 0);
}

function isForNow(error: unknown): boolean {
  return isLovageError(error) && error.retryable;
}
