import type { Backend } from "@lovage/backend";
import { SingleFlight, type Clock, type Log, type Timer } from "@lovage/foundation";

/** What an upkeep does. */
export interface UpkeepOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly backend: Backend | undefined;
  /** Done every second while `isBusy`, and every 5 s besides. Must not throw. */
  readonly everySecond: () => void;
  /** Whether anything runs or waits to run. Who makes it so calls `wake`. */
  readonly isBusy: () => boolean;
  /** Done every 5 s. Never rejects. */
  readonly readRevocations: () => Promise<void>;
  /** Done every 5 s, to ask every 30 s, or as soon as the machine is back from a sleep. Never rejects. */
  readonly refreshClock: () => Promise<void>;
}

const busyMs = 1_000;
/** Everything else is done at multiples of this. */
const idleMs = 5_000;
const sweepMs = 60_000;
/** A sweep is a bounded step; so many in a row are enough for one tick. */
const sweepsAtOnce = 20;

/** What a worker does now and then, on one timer, which is armed for the next thing that is due: an idle process sleeps. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #timer: Timer | undefined;
  #isIdle = false;
  #readsAtMs = 0;
  #sweepsAtMs = 0;
  readonly #sweeping = new SingleFlight(() => this.#sweep());
  /** More expires than one round removes: the next tick goes on, or it would pile up without end. */
  #isBehind = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    const nowMs = this.#options.clock.monotonic();
    this.#readsAtMs = nowMs + idleMs;
    this.#sweepsAtMs = nowMs + sweepMs;
    this.#arm(nowMs);
  }

  /** Something runs, or waits to run. Called for each delivery. */
  wake(): void {
    if (!this.#isIdle) return;
    this.#timer?.cancel();
    this.#arm(this.#options.clock.monotonic());
  }

  /** Does nothing more. Resolves once nothing is under way. Idempotent. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isIdle = false;
    await this.#sweeping.end();
  }

  #arm(nowMs: number): void {
    const { clock, isBusy } = this.#options;
    this.#isIdle = !isBusy();
    const restMs = Math.max(0, this.#readsAtMs - nowMs);
    this.#timer = clock.timer(this.#isIdle ? restMs : Math.min(restMs, busyMs), () => this.#tick());
  }

  #tick(): void {
    const { clock, everySecond, readRevocations, refreshClock } = this.#options;
    const nowMs = clock.monotonic();
    const [reads, sweeps] = [nowMs >= this.#readsAtMs, nowMs >= this.#sweepsAtMs];
    if (reads) this.#readsAtMs = nowMs + idleMs;
    if (sweeps) this.#sweepsAtMs = nowMs + sweepMs;
    // First: what follows may stop the worker.
    this.#arm(nowMs);
    everySecond();
    if (reads) {
      void readRevocations();
      void refreshClock();
    }
    if (sweeps || this.#isBehind) void this.#sweeping.run();
  }

  /** Never rejects: what was not removed now is removed the next time. */
  async #sweep(): Promise<void> {
    const { backend, log } = this.#options;
    this.#isBehind = false;
    try {
      let first = 0;
      for (let step = 1; step <= sweepsAtOnce && this.#timer !== undefined; step += 1) {
        const removed = (await backend?.sweep()) ?? 0;
        if (removed === 0) break;
        if (step === 1) first = removed;
        // A step that removes much less than the first has found the end of what was left over.
        this.#isBehind = step === sweepsAtOnce && removed > first / 2;
      }
    } catch (error) {
      log.debug("Expired records cannot be removed at present.", { error });
    }
  }
}
