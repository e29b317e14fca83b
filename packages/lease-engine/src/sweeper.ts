import { FailureNews, type Clock, type Log, type Timer } from "@lovage/foundation";

import type { StoreLink } from "./store-link.ts";
import type { LeaseStore } from "./store.ts";

/** Queues that are swept by one rule. */
export interface SweepGroup {
  readonly queues: readonly string[];
  readonly suspectAfter: number;
}

/** What a {@link Sweeper} works with. */
export interface SweeperOptions {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly sweepMs: number;
  /** What to sweep; empty while nothing is consumed. */
  readonly groups: () => readonly SweepGroup[];
  /** Asks for leases of our own that have ended while this process stood still: its sweep would take from it what nobody else has taken. Ends in any case. */
  readonly renewOwn: () => Promise<void>;
}

const stepSize = 1_000;
const maxSteps = 100;

/** Looks for messages of dead consumers in small steps, at intervals that differ a little, so that many workers do not sweep at once. */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: Timer | undefined;
  /** Tells the present series of sweeps from one that was stopped; 0 while stopped. */
  #series = 0;
  #started = 0;
  readonly #failures: FailureNews;

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#failures = new FailureNews(options.log, "Looking for messages of dead consumers failed; it is tried again.");
  }

  /** Sweeps soon, and then again and again. Harmless when it is running. */
  start(): void {
    if (this.#series > 0) return;
    this.#started += 1;
    this.#series = this.#started;
    this.#arm(this.#series, Math.random() * 0.2);
  }

  stop(): void {
    this.#series = 0;
    this.#timer?.cancel();
  }

  /** Begins anew, if it was running: a step that was under way on a lost connection may never end. */
  restart(): void {
    if (this.#series === 0) return;
    this.stop();
    this.start();
  }

  #arm(series: number, share: number): void {
    const { clock, sweepMs } = this.#options;
    this.#timer = clock.timer(sweepMs * share, () => void this.#tick(series));
  }

  async #tick(series: number): Promise<void> {
    if (this.#options.link.state === "open") await this.#sweep();
    if (this.#series === series) this.#arm(series, 0.9 + Math.random() * 0.1);
  }

  async #sweep(): Promise<void> {
    const { link, groups, renewOwn } = this.#options;
    try {
      await renewOwn();
      // Each for itself: in one of them a queue may be away for long.
      const sweeps = await Promise.allSettled(groups().map((group) => this.#sweepGroup(group)));
      const failed = sweeps.find((sweep) => sweep.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      this.#failures.succeeded();
    } catch (error) {
      link.report(error, this);
      this.#failures.failed(error);
    }
  }

  async #sweepGroup({ queues, suspectAfter }: SweepGroup): Promise<void> {
    const { store, log } = this.#options;
    let recovered = 0;
    for (let step = 0; step < maxSteps && this.#series > 0; step += 1) {
      const outcome = await store.sweep({ queues, suspectAfter, max: stepSize });
      recovered += outcome.recovered;
      if (!outcome.more) break;
    }
    if (recovered > 0) log.info(`${recovered} messages of lost consumers are ready again.`, { queues });
  }
}
