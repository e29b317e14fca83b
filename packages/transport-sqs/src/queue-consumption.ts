import type { Claim, ClaimedMessage, ClaimRequest } from "@lovage/lease-engine";
import type { Message } from "@lovage/transport";

import type { Claims } from "./claims.ts";
import type { BrokerClock } from "./delays.ts";
import { FifoDelays } from "./fifo-delays.ts";
import { GroupLines } from "./group-lines.ts";
import type { Keeping } from "./keep-hidden.ts";
import type { Held } from "./lease-table.ts";
import { returnOfMissed } from "./missed-body.ts";
import { putBack } from "./put-back.ts";
import { isFifo } from "./queue-name.ts";
import { Receiver } from "./receiver.ts";
import type { SqsContext } from "./sqs-context.ts";
import { Suspects } from "./suspects.ts";

/** What a {@link QueueConsumption} works with. */
export interface QueueConsumptionOptions extends Keeping {
  readonly brokerClock: BrokerClock;
}

/** All that consuming one queue needs: polls, suspects, and the lines and delays of a FIFO queue. */
export class QueueConsumption {
  readonly #context: SqsContext;
  readonly #leaseMs: number;
  readonly #receiver: Receiver;
  readonly #lines: GroupLines;
  readonly #suspects: Suspects;
  readonly #delays: FifoDelays | undefined;

  constructor(options: QueueConsumptionOptions) {
    this.#context = options.context;
    this.#leaseMs = options.leaseMs;
    this.#receiver = new Receiver(options);
    this.#lines = new GroupLines({ ...options, onTurn: (held) => this.#receiver.offer(held) });
    this.#suspects = new Suspects(options);
    this.#delays = isFifo(options.queue) ? new FifoDelays(options) : undefined;
  }

  async claim({ max, suspects, signal }: ClaimRequest): Promise<Claim> {
    this.#delays?.touch();
    if (suspects) {
      const suspect = await this.#suspects.take();
      return await this.#answer(suspect === undefined ? [] : [suspect]);
    }
    const received = await this.#receiver.claim(max, signal);
    const messages = this.#suspects.sortOut(this.#lines.admit(received));
    return await this.#answer(messages);
  }

  /** See {@link Receiver.over}. */
  async claimsOver(): Promise<void> {
    // Somebody else may consume it on this connection.
    const delays = this.#receiver.isWanted ? undefined : this.#delays;
    await Promise.all([this.#receiver.over(), delays?.over()]);
  }

  /** @param suspectAfter How many losses make a suspect. */
  async sweep(suspectAfter: number): Promise<void> {
    this.#suspects.setLimit(suspectAfter);
    await this.#suspects.sweep();
    await this.#lines.sweep();
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#receiver.close(), this.#suspects.close()]);
    await this.#lines.close();
  }

  async #answer(held: readonly Held[]): Promise<Claim> {
    const messages = await this.#claimed(held);
    // What was kept here for a while has had its lease prolonged.
    const leasedAtMs = Math.min(...held.map(({ endsAtMs }) => endsAtMs - this.#leaseMs));
    return { messages, suspectsWait: this.#suspects.wait, ...(messages.length === 0 ? {} : { leasedAtMs }) };
  }

  async #claimed(held: readonly Held[]): Promise<readonly ClaimedMessage[]> {
    const { claims } = this.#context;
    if (claims === undefined || held.every(({ arrival }) => arrival.claim === undefined)) {
      return held.map((each) => claimed(each, each.arrival.message));
    }
    const fetched = await Promise.all(held.map((each) => this.#redeem(claims, each)));
    return fetched.filter((each) => each !== undefined);
  }

  /** What cannot be fetched for the moment goes back, uncounted; what is ours no more when it has come is nobody's business here. */
  async #redeem(claims: Claims, held: Held): Promise<ClaimedMessage | undefined> {
    const { table, clock, log, directory } = this.#context;
    try {
      const message = await claims.redeem(held.arrival);
      return table.find(held.lease, clock.monotonic()) === undefined ? undefined : claimed(held, message);
    } catch (error) {
      const { messageId } = held.arrival.message.properties;
      log.warn(`The body of message ${messageId} could not be fetched; it is tried again.`, { error: String(error) });
      table.remove(held);
      const returns = [returnOfMissed(held.queue, held.arrival)];
      await putBack(this.#context, await directory.require(held.queue), returns);
      return undefined;
    }
  }
}

function claimed({ lease, arrival: { losses, redelivered } }: Held, message: Message): ClaimedMessage {
  return { lease, message, losses, redelivered };
}
