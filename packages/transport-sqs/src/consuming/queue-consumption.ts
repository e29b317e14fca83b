import type { Claim, ClaimedMessage, ClaimRequest } from "@lovage/lease-engine";

import { Bodies, type Whole } from "../bodies/bodies.ts";
import type { BrokerClock } from "../delays/delays.ts";
import { FifoDelays } from "../delays/fifo-delays.ts";
import { GroupLines } from "./group-lines.ts";
import type { Keeping } from "../leases/keep-hidden.ts";
import type { Held } from "../leases/lease-table.ts";
import { isFifo } from "../queues/queue-name.ts";
import { Receiver } from "./receiver.ts";
import { Suspects } from "./suspects.ts";

/** What a {@link QueueConsumption} works with. */
export interface QueueConsumptionOptions extends Keeping {
  readonly brokerClock: BrokerClock;
}

/** All that consuming one queue needs: polls, suspects, and the lines and delays of a FIFO queue. */
export class QueueConsumption {
  readonly #leaseMs: number;
  readonly #receiver: Receiver;
  readonly #lines: GroupLines;
  readonly #suspects: Suspects;
  readonly #bodies: Bodies;
  readonly #delays: FifoDelays | undefined;
  #taking: Promise<unknown> | undefined;

  constructor(options: QueueConsumptionOptions) {
    this.#leaseMs = options.leaseMs;
    this.#receiver = new Receiver(options);
    this.#lines = new GroupLines({ ...options, onTurn: (held) => this.#receiver.offer(held) });
    this.#suspects = new Suspects(options);
    this.#bodies = new Bodies(options);
    this.#delays = isFifo(options.queue) ? new FifoDelays(options) : undefined;
  }

  /** Those that this worker keeps: SQS cannot be asked for others. */
  get suspectsWait(): boolean {
    return this.#suspects.wait;
  }

  async claim({ max, suspects, signal }: ClaimRequest): Promise<Claim> {
    this.#delays?.touch();
    if (suspects) {
      const suspect = await (this.#taking = this.#suspects.take());
      return await this.#answer(suspect === undefined ? [] : [suspect], signal);
    }
    const received = await this.#receiver.claim(max, signal);
    const messages = this.#suspects.sortOut(this.#lines.admit(received));
    return await this.#answer(messages, signal);
  }

  /**
   * See {@link Receiver.over}. So does what waits for bodies that nobody wants any more. Suspects go back as well: without a consumer nobody keeps them hidden, and the end of their leases would count as a loss.
   * So does what waits behind another of its group, while there is time for that: it would stay hidden, and its group with it.
   */
  async claimsOver(): Promise<void> {
    // Somebody else may consume it on this connection.
    const delays = this.#receiver.isWanted ? undefined : this.#delays;
    await Promise.all([this.#receiver.over(), delays?.over(), this.#letGo()]);
    await this.#taking;
    // A claim that was ending may have brought some.
    await this.#letGo();
  }

  /** Never rejects. @param suspectAfter How many losses make a suspect. */
  async sweep(suspectAfter: number): Promise<void> {
    this.#suspects.setLimit(suspectAfter);
    await Promise.all([this.#suspects.sweep(), this.#lines.sweep()]);
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#receiver.close(), this.#suspects.close(), this.#bodies.giveUp({ isAll: true })]);
    await this.#lines.close();
  }

  async #letGo(): Promise<void> {
    const unwanted = this.#receiver.isWanted ? [] : [this.#suspects.close(), this.#lines.giveUp()];
    await Promise.all([...unwanted, this.#bodies.giveUp()]);
  }

  async #answer(held: readonly Held[], signal?: AbortSignal): Promise<Claim> {
    const whole = await this.#bodies.fetch(held, signal);
    const messages = whole.map((each) => claimed(each));
    // What was kept here for a while has had its lease prolonged.
    const leasedAtMs = Math.min(...held.map(({ endsAtMs }) => endsAtMs - this.#leaseMs));
    return { messages, suspectsWait: this.#suspects.wait, ...(messages.length === 0 ? {} : { leasedAtMs }) };
  }
}

function claimed({ held: { lease, arrival }, message, losses }: Whole): ClaimedMessage {
  const { sqsId, redelivered } = arrival;
  return { lease, message, copyId: sqsId, losses, redelivered };
}
