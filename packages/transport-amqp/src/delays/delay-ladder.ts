import { createHash } from "node:crypto";
import { Turns, type Clock } from "@lovage/foundation";
import type { CallChannel, Channel, Options } from "@lovage/client-amqp";
import type { ExchangeAddress } from "@lovage/transport";

import { makeSink, makeStranded, sinkQueue, strandedQueue } from "./delay-ends.ts";
import { makeIf, type DelayRoute } from "./delay-route.ts";
import { KnownExits } from "./known-exits.ts";

/** Time of the lowest step, in ms. */
const unitMs = 64;
/** Steps 0 to 31: the largest TTL that RabbitMQ takes is ten years. */
const steps = 32;
const horizonUnits = 2 ** steps - 1;
/** By so much a delay may be longer than asked for, where that saves a stay: each costs the broker two writes. A quarter of what the contract allows. */
const slackUnits = 3;

const dueExchange = "lovage.delay.due";
const queuesExchange = "lovage.delay.queues";
const longestNameBytes = 255;
const toExchangeHeader = "lovage-to-exchange";

/**
 * Delays in the broker, without a plug-in, and in each queue all messages stay for the same time: a delay is a number of units in binary, and each of its ones is a
 * stay in the queue of that step. What cannot be passed on (its queue is full; the node is starting and does not know its exchanges yet) is tried again every three
 * minutes, and holds up its step once 32 such messages are there.
 *
 * ```
 *        lovage.delay.9 ──1──▶ [lovage.delay.9: TTL 32.768 s] ─┐
 *              │0                                             ▼
 *        lovage.delay.8 ──1──▶ [lovage.delay.8: TTL 16.384 s] ─┐
 *              │0                                             ▼
 *             ...                                            ...
 *        lovage.delay.0 ──1──▶ [lovage.delay.0: TTL 64 ms] ────┐
 *              │0                                             ▼
 *        lovage.delay.due ──▶ lovage.delay.to.X ──▶ X, the exchange that the message was for
 *              │   └──▶ [lovage.delay.sink]  └──▶ lovage.delay.stranded, when X is gone
 *              └──▶ lovage.delay.queues ──▶ the queue that it was for
 *                         └──▶ [lovage.delay.stranded]
 * ```
 *
 * The exchanges are of type headers: those that the bit of this step is set for match; all others go on by the alternate exchange. So the message
 * keeps its own routing key. The queues are quorum queues that pass on what is due only once the next one has it (`at-least-once`).
 */
export class DelayLadder {
  readonly #calls: CallChannel;
  #stepsMade = 0;
  readonly #exits: KnownExits;
  readonly #turns = new Turns();

  constructor(calls: CallChannel, clock: Pick<Clock, "monotonic">) {
    this.#calls = calls;
    this.#exits = new KnownExits(clock);
  }

  /** Leads what is due to a queue: its binding went with it when it was deleted. @throws where no ladder was made yet */
  static async bindExit(channel: Channel, queue: string): Promise<void> {
    await makeExit(channel, queue);
  }

  /** The broker may be another one, or empty: make everything again when it is needed. */
  forget(): void {
    this.#stepsMade = 0;
    this.#exits.clear();
  }

  /** A queue was deleted, and its binding with it. */
  forgetQueue(queue: string): void {
    this.#exits.delete(exitName(queue));
  }

  /** @param delayMs More than 0. */
  route(to: string | ExchangeAddress, delayMs: number): DelayRoute {
    const units = Math.min(fewestStays(Math.min(Math.ceil(delayMs / unitMs), horizonUnits)), horizonUnits);
    const headers: Record<string, unknown> = {};
    let topStep = 0;
    for (let step = 0, left = units; left > 0; step += 1, left = Math.floor(left / 2)) {
      if (left % 2 === 0) continue;
      headers[bitHeader(step)] = true;
      topStep = step;
    }
    if (typeof to !== "string") headers[toExchangeHeader] = to.exchange;
    return {
      exchange: stepName(topStep),
      routingKey: typeof to === "string" ? to : to.routingKey,
      headers,
      restMs: Math.max(0, Math.ceil(delayMs - units * unitMs)),
      isMade: () => topStep < this.#stepsMade && this.#exits.has(exitName(to)),
      make: (isWanted) => this.#turns.take(() => makeIf(isWanted, () => this.#make(to, topStep))),
    };
  }

  async #make(to: string | ExchangeAddress, topStep: number): Promise<void> {
    const call = (work: (channel: Channel) => Promise<void>): Promise<void> =>
      this.#calls.call("declaring the queues for delays", work);
    // Step by step: a busy broker may take seconds for all of them together, and has that long for each answer.
    while (this.#stepsMade <= topStep) {
      const step = this.#stepsMade;
      await call(async (channel) => {
        if (step === 0) await makeExits(channel);
        await makeStep(channel, step);
      });
      // Else all was forgotten meanwhile: it begins anew.
      if (this.#stepsMade === step) this.#stepsMade += 1;
    }
    if (!this.#exits.has(exitName(to))) await call((channel) => makeExit(channel, to));
    this.#exits.add(exitName(to));
  }
}

/** The same delay or one that is a little longer, by whichever the message stays in fewest queues. */
function fewestStays(units: number): number {
  let best = units;
  for (let other = units + 1; other <= units + slackUnits; other += 1) {
    if (staysOf(other) < staysOf(best)) best = other;
  }
  return best;
}

/** Its ones, in binary. */
function staysOf(units: number): number {
  let stays = 0;
  for (let left = units; left > 0; left = Math.floor(left / 2)) stays += left % 2;
  return stays;
}

async function makeExits(channel: Channel): Promise<void> {
  await makeStranded(channel);
  await channel.assertExchange(queuesExchange, "direct", withAlternate(strandedQueue));
  await channel.assertExchange(dueExchange, "headers", withAlternate(queuesExchange));
}

async function makeStep(channel: Channel, step: number): Promise<void> {
  const name = stepName(step);
  const next = step === 0 ? dueExchange : stepName(step - 1);
  await channel.assertExchange(name, "headers", withAlternate(next));
  const options = {
    "x-queue-type": "quorum",
    "x-message-ttl": unitMs * 2 ** step,
    "x-dead-letter-exchange": next,
    "x-dead-letter-strategy": "at-least-once",
    // What that strategy asks for; there is no limit of length.
    "x-overflow": "reject-publish",
  };
  await channel.assertQueue(name, { durable: true, arguments: options });
  await channel.bindQueue(name, name, "", { "x-match": "all", [bitHeader(step)]: true });
}

async function makeExit(channel: Channel, to: string | ExchangeAddress): Promise<void> {
  if (typeof to === "string") return void (await channel.bindQueue(to, queuesExchange, to));
  const { exchange } = to;
  const name = exitExchangeOf(exchange);
  const isForIt = { "x-match": "all", [toExchangeHeader]: exchange };
  await channel.assertExchange(name, "fanout", withAlternate(strandedQueue));
  await channel.bindExchange(exchange, name, "");
  await makeSink(channel);
  // Last, with the sink behind it: until then no message comes here, or has its own way as well.
  await channel.bindExchange(name, dueExchange, "", isForIt);
  await channel.bindQueue(sinkQueue, dueExchange, "", isForIt);
}

function exitExchangeOf(exchange: string): string {
  const name = `lovage.delay.to.${exchange}`;
  if (Buffer.byteLength(name) <= longestNameBytes) return name;
  return `lovage.delay.to.${createHash("sha256").update(exchange).digest("hex")}`;
}

function withAlternate(exchange: string): Options.AssertExchange {
  return { durable: true, alternateExchange: exchange };
}

function stepName(step: number): string {
  return `lovage.delay.${step}`;
}

function bitHeader(step: number): string {
  return `lovage-delay-${step}`;
}

function exitName(to: string | ExchangeAddress): string {
  return typeof to === "string" ? `queue ${to}` : `exchange ${to.exchange}`;
}
