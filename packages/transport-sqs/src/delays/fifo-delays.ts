import { rest } from "@lovage/foundation";
import { readArrival, type Arrival } from "../message/arrival.ts";
import { visibilitySeconds } from "../calls/change-visibility.ts";
import { sendHome, sendOnward, type BrokerClock } from "./delays.ts";
import { longestWait } from "../calls/longest-wait.ts";
import { delayQueueOf } from "../queues/queue-name.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import { receive } from "../calls/receive.ts";
import type { SqsContext } from "../sqs-context.ts";

/** What {@link FifoDelays} work with. */
export interface FifoDelaysOptions {
  readonly context: SqsContext;
  /** Of the FIFO queue. */
  readonly queue: string;
  readonly leaseMs: number;
  readonly brokerClock: BrokerClock;
}

/** Moving takes two calls. Should it take longer, the FIFO queue knows the second copy by its deduplication id. */
const movingMs = 5_000;
/** How long after the last claim the delays of a queue are looked after: longer than a poll takes. */
const activeMs = 30_000;
const retryMs = 1_000;
const maxMoves = 8;

/** Moves the delayed messages of a FIFO queue into it when they are due, as long as somebody consumes that queue here. */
export class FifoDelays {
  readonly #options: FifoDelaysOptions;
  #activeUntilMs = 0;
  #isRunning = false;
  /** The poll that is under way, or the last one. */
  #polling = Promise.resolve();
  readonly #moves = new Set<Promise<void>>();

  constructor(options: FifoDelaysOptions) {
    this.#options = options;
  }

  /** The queue is being consumed. */
  touch(): void {
    const { clock } = this.#options.context;
    this.#activeUntilMs = clock.monotonic() + activeMs;
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run().finally(() => (this.#isRunning = false));
  }

  /** Looks for nothing more until the queue is consumed again. Resolves once no poll is under way and what they brought is moved: SQS gives a poll that is cut off the next message all the same. */
  async over(): Promise<void> {
    this.#activeUntilMs = 0;
    // How it ended is told by the loop.
    await Promise.allSettled([this.#polling]);
    await Promise.all(this.#moves);
  }

  async #run(): Promise<void> {
    const { context, queue } = this.#options;
    const { clock, api, log } = context;
    while (clock.monotonic() < this.#activeUntilMs && !api.closing.aborted) {
      try {
        await (this.#polling = this.#step());
      } catch (error) {
        if (api.closing.aborted) return;
        log.debug(`Delayed messages of queue "${queue}" could not be looked for.`, { error: String(error) });
        // Ends early when the connection is closed, which ends the loop.
        await rest(clock, retryMs, api.closing);
      }
    }
  }

  async #step(): Promise<void> {
    const { context, queue, leaseMs } = this.#options;
    const delays = await context.directory.require(delayQueueOf(queue));
    const request = { max: 10, waitSeconds: longestWait(leaseMs), visibilitySeconds: visibilitySeconds(movingMs) };
    const messages = await receive(context.api, delays, request);
    if (messages.length === 0) return;
    const nowMs = context.clock.monotonic();
    const arrivals = messages.map((message) => readArrival(delays.queue, message, nowMs));
    const move = this.#move(delays, arrivals)
      .catch((error: unknown) => {
        context.log.debug(`Delayed messages of queue "${queue}" could not be moved.`, { error: String(error) });
      })
      .finally(() => this.#moves.delete(move));
    this.#moves.add(move);
    // Many are due at once: the next are received while these are on their way.
    if (this.#moves.size >= maxMoves) await Promise.race(this.#moves);
  }

  async #move(delays: KnownQueue, arrivals: readonly Arrival[]): Promise<void> {
    const { context, brokerClock } = this.#options;
    for (const arrival of arrivals) brokerClock.note(arrival);
    const [early, due] = [[], []] as [{ arrival: Arrival; leftMs: number }[], Arrival[]];
    for (const arrival of arrivals) {
      const leftMs = brokerClock.leftOf(arrival);
      if (leftMs > 0) early.push({ arrival, leftMs });
      else due.push(arrival);
    }
    await Promise.all([
      early.length === 0 ? undefined : sendOnward(context, delays, early),
      due.length === 0 ? undefined : sendHome(context, delays, due),
    ]);
  }
}
