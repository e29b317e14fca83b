import { hasCode } from "@lovage/foundation";
import type { Clock, Log } from "@lovage/foundation";
import { deadLetterQueueOf, withDeath } from "@lovage/transport";
import type { Connection, DeadLetterReason, Delivery, OutgoingMessage, PublishError } from "@lovage/transport";
import type { Settlement } from "../run/task-run.ts";

/** What an early settlement works with. */
export interface EarlySettlementParts {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Log;
}

/** The settlement of a delivery that was acknowledged before it ran: what would have gone with the acknowledgement is published, each message once however often it is repeated. */
export function earlySettlement(delivery: Delivery, parts: EarlySettlementParts): Settlement {
  const { queue, message, count } = delivery;
  const outbox = new OneWay(delivery, parts);
  const dead = new WeakMap<DeadLetterReason, OutgoingMessage>();
  const deadOf = (reason: DeadLetterReason): OutgoingMessage => {
    const atMs = parts.clock.now();
    const letter = dead.get(reason) ?? {
      ...withDeath(message, { ...reason, queue, count, atMs }),
      to: deadLetterQueueOf(queue),
    };
    dead.set(reason, letter);
    return letter;
  };
  return {
    ack: (followUps = []) => outbox.publish(followUps),
    // It is gone already, and whoever acknowledges early prefers that to a second run.
    release: () => Promise.resolve(),
    reject: (reason: DeadLetterReason, followUps: readonly OutgoingMessage[] = []) =>
      outbox.publish([deadOf(reason), ...followUps]),
  };
}

/** Publishes what no fence protects from a second copy. */
class OneWay {
  readonly #delivery: Delivery;
  readonly #parts: EarlySettlementParts;
  /** What the broker has accepted, or may have. */
  readonly #gone = new WeakSet<OutgoingMessage>();

  constructor(delivery: Delivery, parts: EarlySettlementParts) {
    this.#delivery = delivery;
    this.#parts = parts;
  }

  /** @throws as `Connection.publish`, where something was surely not accepted */
  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const open = messages.filter((message) => !this.#gone.has(message));
    if (open.length === 0) return;
    try {
      await this.#parts.connection.publish(open);
    } catch (error) {
      const failed = new Set(this.#refusedIn(open, error));
      for (const message of open) if (!failed.has(message)) this.#gone.add(message);
      if (failed.size > 0) throw error;
    }
  }

  #refusedIn(open: readonly OutgoingMessage[], error: unknown): readonly OutgoingMessage[] {
    if (hasCode(error, "PUBLISH_FAILED")) {
      const { failures } = error as PublishError;
      return failures.flatMap((failure) => (this.#isUncertain(failure.error) ? [] : (open[failure.index] ?? [])));
    }
    return this.#isUncertain(error) ? [] : open;
  }

  /** Sent again it may be there twice, and run twice: whoever acknowledges early prefers to lose it. */
  #isUncertain(error: unknown): boolean {
    if (!hasCode(error, ["PUBLISH_UNCERTAIN", "PUBLISH_TIMEOUT"])) return false;
    const { queue, message } = this.#delivery;
    this.#parts.log.warn("What follows a task that was acknowledged early may be lost; it is not sent again.", {
      queue,
      messageId: message.properties.messageId,
      error,
    });
    return true;
  }
}
