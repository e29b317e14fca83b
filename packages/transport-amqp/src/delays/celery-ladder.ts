import type { CallChannel, Channel } from "@lovage/client-amqp";
import { Turns, type Clock } from "@lovage/foundation";

import { makeSink, makeStranded, sinkQueue, strandedQueue } from "./delay-ends.ts";
import { makeIf, type DelayRoute } from "./delay-route.ts";
import { KnownExits } from "./known-exits.ts";
import type { QueueForm } from "../wire/queue-form.ts";

/** Celery counts whole seconds in so many binary digits. */
const levels = 28;
const unitMs = 1_000;
const horizonMs = (2 ** levels - 1) * unitMs;
const entryExchange = levelName(levels - 1);
const exitExchange = "celery_delayed_delivery";
/** Ours, behind that: Celery's declaration leaves no room for an alternate, but none of it changes by a further binding. */
const behindExchange = "lovage.delay.celery";
const queuesExchange = "lovage.delay.celery.queues";
const sentByUs = "lovage-delay-celery";
/** The digits, each with its dot, stand before the routing key, for which the protocol has 255 bytes. */
const maxNameBytes = 255 - 2 * levels;

/**
 * The delays of Celery 5.5 and later for quorum queues, made as its workers make them, so that both declare the same and share it:
 *
 * ```
 *  1.0.1.mail ─▶ celery_delayed_2 ──1──▶ [celery_delayed_2: TTL 4 s] ─┐      (the first of 28 levels is celery_delayed_27)
 *                      │0                                            ▼
 *                celery_delayed_1 ──1──▶ [celery_delayed_1: TTL 2 s] ─┐
 *                      │0                                            ▼
 *                celery_delayed_0 ──1──▶ [celery_delayed_0: TTL 1 s] ─┐
 *                      │0                                            ▼
 *                celery_delayed_delivery ──#.mail──▶ [mail], or as Celery has it the exchange of mail
 *                      │#
 *                lovage.delay.celery ──▶ [lovage.delay.sink]
 *                      │sent by us
 *                lovage.delay.celery.queues ──#.mail──▶ [mail], the same copy
 *                      └──▶ [lovage.delay.stranded]
 * ```
 *
 * What finds no queue, since that was deleted, would stay in its level for good, and 32 such messages let nothing else out of it. So all that is due goes behind Celery's last exchange as well:
 * there what we have sent is kept where its queue is gone, and the rest is dropped, since Celery's ways are not known.
 *
 * The digits of the delay stand in the routing key, and the message keeps them. Celery binds the exchange of a queue, where that is a topic or a
 * fanout; here the queue itself is bound, which does the same whatever its exchange is, and brings no message there twice.
 */
export class CeleryLadder {
  readonly #calls: CallChannel;
  readonly #turns = new Turns();
  readonly #exits: KnownExits;
  #isMade = false;

  constructor(calls: CallChannel, clock: Pick<Clock, "monotonic">) {
    this.#calls = calls;
    this.#exits = new KnownExits(clock);
  }

  /**
   * Whether it can bring a message to this queue after so long. Not below a second, as in Celery. Nor where the name of the queue has a dot: a
   * binding of Celery's takes every message whose key ends like its own, so that one for `high.mail` would come to `mail` as well.
   */
  static suits(queue: string, delayMs: number): boolean {
    const isNameSuitable = !queue.includes(".") && Buffer.byteLength(queue) <= maxNameBytes;
    return isNameSuitable && delayMs >= unitMs && delayMs <= horizonMs;
  }

  /** Whether some delays for this queue go by this ladder. */
  static suitsQueue({ name, type, isReadByCelery }: Pick<QueueForm, "name" | "type" | "isReadByCelery">): boolean {
    return type === "quorum" && isReadByCelery && CeleryLadder.suits(name, unitMs);
  }

  /** Leads what is due to a queue: its binding went with it when it was deleted. @throws where no ladder was made yet */
  static async bindExit(channel: Channel, queue: string): Promise<void> {
    await channel.bindQueue(queue, exitExchange, `#.${queue}`);
    await channel.bindQueue(queue, queuesExchange, `#.${queue}`);
  }

  /** The broker may be another one, or empty: make everything again when it is needed. */
  forget(): void {
    this.#isMade = false;
    this.#exits.clear();
  }

  /** A queue was deleted, and its binding with it. */
  forgetQueue(queue: string): void {
    this.#exits.delete(queue);
  }

  /**
   * Rounded up to whole seconds: Celery rounds down, and its workers hold the message for the rest, for which they want the header `eta`.
   * @param delayMs One that {@link CeleryLadder.suits}.
   */
  route(queue: string, delayMs: number): DelayRoute {
    const seconds = Math.ceil(delayMs / unitMs);
    const digits = seconds.toString(2).padStart(levels, "0");
    return {
      exchange: entryExchange,
      routingKey: `${digits.split("").join(".")}.${queue}`,
      headers: { [sentByUs]: true },
      restMs: 0,
      isMade: () => this.#isMade && this.#exits.has(queue),
      make: (isWanted) => this.#turns.take(() => makeIf(isWanted, () => this.#make(queue))),
    };
  }

  async #make(queue: string): Promise<void> {
    if (!this.#isMade) {
      await this.#declare((channel) => channel.assertExchange(exitExchange, "topic", { durable: true }));
      await this.#declare(makeBehind);
      // Each by itself, since an answer has its deadline and a busy server takes its time for a quorum queue.
      for (let level = 0; level < levels; level += 1) await this.#declare((channel) => makeLevel(channel, level));
      this.#isMade = true;
    }
    if (!this.#exits.has(queue)) await this.#declare((channel) => CeleryLadder.bindExit(channel, queue));
    this.#exits.add(queue);
  }

  async #declare(work: (channel: Channel) => Promise<unknown>): Promise<void> {
    await this.#calls.call("declaring the queues for delays that are shared with Celery", work);
  }
}

/** From the end, so that what comes here has somewhere to go at once. */
async function makeBehind(channel: Channel): Promise<void> {
  await makeStranded(channel);
  await channel.assertExchange(queuesExchange, "topic", { durable: true, alternateExchange: strandedQueue });
  await makeSink(channel);
  await channel.assertExchange(sinkQueue, "fanout", { durable: true });
  await channel.bindQueue(sinkQueue, sinkQueue, "");
  await channel.assertExchange(behindExchange, "headers", { durable: true, alternateExchange: sinkQueue });
  await channel.bindExchange(queuesExchange, behindExchange, "", { "x-match": "all", [sentByUs]: true });
  await channel.bindExchange(behindExchange, exitExchange, "#");
}

async function makeLevel(channel: Channel, level: number): Promise<void> {
  const name = levelName(level);
  const next = level === 0 ? exitExchange : levelName(level - 1);
  await channel.assertExchange(name, "topic", { durable: true });
  const options = {
    "x-queue-type": "quorum",
    "x-overflow": "reject-publish",
    "x-message-ttl": unitMs * 2 ** level,
    "x-dead-letter-exchange": next,
    "x-dead-letter-strategy": "at-least-once",
  };
  await channel.assertQueue(name, { durable: true, arguments: options });
  const before = "*.".repeat(levels - 1 - level);
  await channel.bindQueue(name, name, `${before}1.#`);
  await channel.bindExchange(next, name, `${before}0.#`);
}

function levelName(level: number): string {
  return `celery_delayed_${level}`;
}
