import { isAmqpError } from "@lovage/client-amqp";
import { errorText, SingleFlight, type Clock, type Log, type Timer } from "@lovage/foundation";

import type { Arrival } from "./consumer-channel.ts";
import type { AmqpDelivery } from "./delivery.ts";
import type { HoldingQueue } from "./holding-queue.ts";
import type { OwnSettlements } from "./own-settlements.ts";

/** What a {@link HoldRenewal} works with. */
export interface HoldRenewalParts {
  readonly queue: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the broker lets a consumer hold a message, in ms, as far as is known. */
  readonly timeoutMs: number;
  /** What is held at present. */
  readonly held: () => readonly AmqpDelivery[];
  /** Makes a queue for copies of what is held. */
  readonly open: () => Promise<Pick<HoldingQueue, "hasEnded" | "renew" | "close">>;
  /** Counts what is under way, so that the consumer is not taken for idle. */
  readonly own: Pick<OwnSettlements, "watch">;
}

/** How often it is looked within the broker's timeout. */
const looksPerTimeout = 8;
/** Looks that a delivery is met in before it is renewed: so it was held for 5 to 6 eighths of the timeout, and there is time to try again. */
const renewedAfter = 5;
/** What was fetched is renewed sooner, after one to two eighths: no consumer has asked for a timeout, and that of the server may be shorter. */
const headStart = 4;
/** The queue is made long before it is used: a single node that is killed forgets what was declared in the second before. */
const openedAfter = 1;

/**
 * Keeps the broker from taking back what is held for longer than its consumer timeout: renews it in time, again and again, for as long as it is
 * held. Nothing is noted when a delivery comes, so that short ones cost nothing.
 */
export class HoldRenewal {
  readonly #parts: HoldRenewalParts;
  /** In which look an arrival was met first. */
  #met = new Map<Arrival, number>();
  readonly #underWay = new Set<AmqpDelivery>();
  #timeoutMs: number;
  #looks = 0;
  #timer: Timer | undefined;
  #isClosed = false;
  #holding: Awaited<ReturnType<HoldRenewalParts["open"]>> | undefined;
  readonly #opening = new SingleFlight(() => this.#open());

  constructor(parts: HoldRenewalParts) {
    this.#parts = parts;
    this.#timeoutMs = parts.timeoutMs;
  }

  start(): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.timer(this.#timeoutMs / looksPerTimeout, () => this.#look());
  }

  /** The broker tells its timeout to whom it has taken a message from: what is held from now on is renewed in time. */
  learn(cause: Error): void {
    if (!isAmqpError(cause) || cause.kind !== "ack-timeout") return;
    const toldMs = Number(/timeout value used: (\d+) ms/i.exec(cause.message)?.[1]);
    if (!(toldMs < this.#timeoutMs)) return;
    this.#timeoutMs = toldMs;
    this.start();
  }

  /** Renews nothing more; what was renewed stays held. */
  stop(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Lets go of all that was renewed. Never rejects. */
  async close(): Promise<void> {
    this.stop();
    await this.#opening.end();
    await this.#holding?.close();
  }

  #look(): void {
    this.start();
    this.#looks += 1;
    const met = new Map<Arrival, number>();
    const old: AmqpDelivery[] = [];
    let longest = 0;
    for (const delivery of this.#parts.held()) {
      const first = this.#met.get(delivery.arrival) ?? this.#looks;
      const age = this.#looks - first + (delivery.arrival.slot === undefined ? headStart : 0);
      met.set(delivery.arrival, first);
      longest = Math.max(longest, age);
      if (age >= renewedAfter && delivery.state === "held" && !this.#underWay.has(delivery)) old.push(delivery);
    }
    this.#met = met;
    if (longest >= openedAfter) this.#parts.own.watch(this.#renewAll(old));
  }

  async #renewAll(deliveries: readonly AmqpDelivery[]): Promise<void> {
    if (this.#holding === undefined || this.#holding.hasEnded) await this.#opening.run();
    await Promise.all(deliveries.map((delivery) => this.#renew(delivery)));
  }

  /** Never rejects: what has failed is tried in the next look. */
  async #open(): Promise<void> {
    const { queue, log, open } = this.#parts;
    try {
      this.#holding = await open();
    } catch (error) {
      log.warn(`There is no queue yet for what is held for long of queue "${queue}".`, {
        error: errorText(error),
      });
    }
  }

  /** Never rejects: what has failed is tried in the next look. */
  async #renew(delivery: AmqpDelivery): Promise<void> {
    const { queue, log } = this.#parts;
    this.#underWay.add(delivery);
    try {
      await this.#holding?.renew(delivery);
    } catch (error) {
      log.warn(`A message of queue "${queue}" that is held for long cannot be renewed for now.`, {
        messageId: delivery.message.properties.messageId,
        error: errorText(error),
      });
    }
    this.#underWay.delete(delivery);
  }
}
