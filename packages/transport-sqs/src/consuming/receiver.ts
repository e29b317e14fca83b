import { UnderWay, type Timer } from "@lovage/foundation";

import { readArrival, type Arrival } from "../message/arrival.ts";
import { visibilitySeconds } from "../calls/change-visibility.ts";
import { sendOnward, type BrokerClock } from "../delays/delays.ts";
import { deleteAll } from "../calls/delete.ts";
import { giveBack } from "../leases/give-back.ts";
import { HandOutClock, type PollTimes } from "./hand-out-clock.ts";
import type { Held } from "../leases/lease-table.ts";
import { isFifo } from "../queues/queue-name.ts";
import { longestWait } from "../calls/longest-wait.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import { receive } from "../calls/receive.ts";
import type { SqsContext } from "../sqs-context.ts";

/** What a {@link Receiver} works with. */
export interface ReceiverOptions {
  readonly context: SqsContext;
  readonly queue: string;
  readonly leaseMs: number;
  readonly brokerClock: BrokerClock;
}

/** Who waits for messages. */
interface Claimant {
  readonly max: number;
  readonly resolve: (received: readonly Held[]) => void;
  readonly reject: (error: Error) => void;
}

const mostPerPoll = 10;
/** How long an answer may take beside its wait, before it counts as held up: as much as SQS hides a message longer than we believe. */
const answerMs = 1_000;
/** How many polls of a queue may be under way while it gives all that is asked for. */
const maxPolls = 16;
/** Of a lease: a full answer after so long may have waited in line, with its messages handed out already. More polls at once would make that longer. */
const slowShare = 0.25;
/** How long what came unasked is kept for the next claim, which mostly comes at once. */
const keepMs = 100;

/**
 * Receives the messages of one queue for whoever claims them. As long as polls come back full and soon, twice as many are sent at once; with an
 * empty queue one long poll waits. A poll cannot be called back without losing what SQS is just handing out: one that nobody waits for any more ends
 * by itself, and what it brings is put back, uncounted.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #claimants: Claimant[] = [];
  /** How many messages each poll under way may bring. */
  readonly #polls = new Set<{ readonly max: number }>();
  readonly #handOuts = new HandOutClock();
  /** Messages that came before their time, or for nobody, on their way again. */
  readonly #onward = new UnderWay();
  #arrived: Held[] = [];
  /** A poll has ended, or somebody claims. */
  #polled = Promise.withResolvers<void>();
  #width = 1;
  #keeping: Timer | undefined;
  #isClosed = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Whether somebody waits for messages. */
  get isWanted(): boolean {
    return this.#claimants.length > 0;
  }

  /** Messages, at least one unless nobody wants them any more or a poll has found none. */
  claim(max: number, signal?: AbortSignal): Promise<readonly Held[]> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        signal?.removeEventListener("abort", end);
        const index = this.#claimants.indexOf(claimant);
        if (index >= 0) this.#claimants.splice(index, 1);
        resolve([]);
      };
      const claimant: Claimant = {
        max,
        resolve: (received) => {
          signal?.removeEventListener("abort", end);
          resolve(received);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", end);
          reject(error);
        },
      };
      this.#claimants.push(claimant);
      this.#tell();
      if (signal?.aborted === true || this.#isClosed) return end();
      signal?.addEventListener("abort", end);
      this.#pump();
    });
  }

  /** Gives a message that was kept elsewhere to whoever claims. */
  offer(held: Held): void {
    this.#arrived.push(held);
    if (this.#isClosed) this.#putBack();
    else this.#pump();
  }

  /**
   * Resolves once no poll is under way that nobody waits for, and what the last of them brought was put back. SQS does not notice that a poll was cut
   * off: it gives it the next message all the same, which then stays hidden for a whole lease.
   */
  async over(): Promise<void> {
    const { context, queue, leaseMs } = this.#options;
    const isIdle = (): boolean => this.#polls.size === 0 || this.#claimants.length > 0;
    if (!isIdle()) {
      const text = `Waiting for the open polls of queue "${queue}" to end: SQS would give their next messages to nobody.`;
      context.log.info(text, { longestMs: longestWait(leaseMs) * 1_000 });
    }
    while (!isIdle()) await this.#polled.promise;
    if (this.#claimants.length === 0) this.#putBack();
    await this.#onward.overSoFar();
  }

  /** Gives back what arrived for nobody, and waits for what is on its way already: the connection ends next. Polls under way are cut off with it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#keeping?.cancel();
    this.#endClaims();
    this.#putBack();
    await this.#onward.overSoFar();
  }

  #pump(): void {
    while (this.#arrived.length > 0) {
      const claimant = this.#claimants.shift();
      if (claimant === undefined) break;
      claimant.resolve(this.#arrived.splice(0, claimant.max));
    }
    if (this.#arrived.length > 0) this.#keep();
    this.#launch();
  }

  /** Nothing was found: whoever claims may want more or less by now, and a new claim tells that the queue is still consumed. */
  #endClaims(): void {
    for (const { resolve } of this.#claimants.splice(0)) resolve([]);
  }

  #launch(): void {
    let room = this.#claimants.reduce((sum, { max }) => sum + max, 0);
    for (const { max } of this.#polls) room -= max;
    while (room > 0 && this.#polls.size < this.#width && !this.#isClosed) {
      // Every call costs the same: beside others only a full one is worth it.
      if (room < mostPerPoll && this.#polls.size > 0) return;
      const max = Math.min(mostPerPoll, room);
      room -= max;
      void this.#poll({ max });
    }
  }

  async #poll(poll: { readonly max: number }): Promise<void> {
    const { context, queue, leaseMs } = this.#options;
    this.#polls.add(poll);
    try {
      const known = await context.directory.require(queue);
      const waitSeconds = longestWait(leaseMs);
      const seconds = visibilitySeconds(leaseMs);
      let askedAtMs = context.clock.monotonic();
      // Of a poll that had to be repeated only the last try tells since when its messages are hidden.
      const onTry = (): void => void (askedAtMs = context.clock.monotonic());
      const request = { max: poll.max, waitSeconds, visibilitySeconds: seconds, onTry };
      const messages = await receive(context.api, known, request);
      // An answer that was held up, with this process perhaps, tells of a time that has passed.
      const answeredAtMs = context.clock.monotonic();
      const atMs = Math.min(answeredAtMs, askedAtMs + waitSeconds * 1_000 + answerMs);
      this.#polls.delete(poll);
      this.#adapt({ found: messages.length, asked: poll.max, tookMs: answeredAtMs - askedAtMs });
      const times = { askedAtMs, answeredAtMs };
      this.#take(
        known,
        messages.map((message) => this.#timed(readArrival(queue, message, atMs), times)),
      );
    } catch (error) {
      this.#polls.delete(poll);
      this.#fail(error as Error);
    }
    this.#tell();
  }

  #tell(): void {
    this.#polled.resolve();
    this.#polled = Promise.withResolvers<void>();
  }

  /** Its lease began when SQS handed it out, which may have been a while before it was here. */
  #timed(arrival: Arrival, times: PollTimes): Arrival {
    // Of a later receive there is no mark.
    if (!arrival.isFirstReceive || arrival.firstReceivedAtMs === 0) return arrival;
    const handedOutAtMs = this.#handOuts.handedOutAtMs(arrival.firstReceivedAtMs, times);
    return { ...arrival, arrivedAtMs: Math.min(arrival.arrivedAtMs, handedOutAtMs) };
  }

  #adapt({ found, asked, tookMs }: { readonly found: number; readonly asked: number; readonly tookMs: number }): void {
    const isSlow = tookMs > this.#options.leaseMs * slowShare;
    if (found === asked && !isSlow) this.#width = Math.min(maxPolls, this.#width * 2);
    else this.#width = Math.max(1, found === 0 ? 1 : this.#width >> 1);
  }

  #take(queue: KnownQueue, received: readonly Arrival[]): void {
    const { context, brokerClock, leaseMs } = this.#options;
    const [doubles, arrivals] = partition(received, ({ sqsId }) => context.table.wasDeleted(sqsId));
    if (doubles.length > 0) this.#deleteAgain(queue, doubles);
    const early: { arrival: Arrival; leftMs: number }[] = [];
    for (const arrival of arrivals) {
      brokerClock.note(arrival);
      const leftMs = brokerClock.leftOf(arrival);
      // SQS shows it to others by now.
      if (arrival.arrivedAtMs + leaseMs <= context.clock.monotonic()) continue;
      if (leftMs > 0) early.push({ arrival, leftMs });
      else this.#hold(arrival);
    }
    if (early.length > 0) {
      const sent = sendOnward(context, queue, early).catch((error: unknown) => {
        context.log.warn(`Delayed messages of queue "${queue.queue}" could not be sent on; they are tried again.`, {
          error: String(error),
        });
      });
      this.#onward.add(sent);
    }
    if (this.#arrived.length === 0 && this.#polls.size === 0) this.#endClaims();
    else this.#pump();
  }

  /** SQS handed out what was deleted already. */
  #deleteAgain(queue: KnownQueue, doubles: readonly Arrival[]): void {
    const { api, log } = this.#options.context;
    const handles = doubles.map(({ handle }) => handle);
    deleteAll(api, queue, handles).catch((error: unknown) => {
      log.debug(`A double of queue "${queue.queue}" could not be deleted; it may come again.`, {
        error: String(error),
      });
    });
  }

  #hold(arrival: Arrival): void {
    const { context, queue, leaseMs } = this.#options;
    const { table, log } = context;
    const copy = table.findCopy(arrival.sqsId, arrival.arrivedAtMs);
    if (copy === undefined) {
      this.#account(arrival);
      this.#arrived.push(table.add(queue, arrival, arrival.arrivedAtMs + leaseMs));
      return;
    }
    // Ours already: SQS may hand out a message twice.
    table.replaceHandle(copy, arrival.handle);
    log.debug(`SQS handed out a message of queue "${queue}" twice; the second is passed over.`, { id: arrival.sqsId });
  }

  #account(arrival: Arrival): void {
    const { context, queue, brokerClock, leaseMs } = this.#options;
    if (!isFifo(queue)) return;
    const span = { nowMs: arrival.arrivedAtMs, sinceFirstMs: brokerClock.sinceFirstReceiveMs(arrival), leaseMs };
    context.table.fifoReceives.note(arrival, span);
  }

  #fail(error: Error): void {
    const claimants = this.#claimants.splice(0);
    for (const { reject } of claimants) reject(error);
    this.#width = 1;
    const { context, queue } = this.#options;
    if (claimants.length > 0 || this.#isClosed || context.api.closing.aborted) return;
    context.log.debug(`A poll of queue "${queue}" that nobody waited for failed.`, { error: error.message });
  }

  #keep(): void {
    this.#keeping ??= this.#options.context.clock.timer(keepMs, () => {
      this.#keeping = undefined;
      if (this.#claimants.length === 0) this.#putBack();
    });
  }

  #putBack(): void {
    const { context, queue } = this.#options;
    const held = this.#arrived.splice(0);
    for (const each of held) context.table.remove(each);
    const returns = held.map(({ arrival }) => ({ arrival, delayMs: 0, wasDelivered: false }));
    this.#onward.add(giveBack(context, queue, returns));
  }
}

function partition<T>(items: readonly T[], condition: (item: T) => boolean): [T[], T[]] {
  const [yes, no] = [[], []] as [T[], T[]];
  for (const item of items) (condition(item) ? yes : no).push(item);
  return [yes, no];
}
