import type { Backend } from "@lovage/backend";
import type { Clock, Log, Timer } from "@lovage/foundation";

/** What an upkeep does. */
export interface UpkeepOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly backend: Backend | undefined;
  /** Done every second. Must not throw. */
  readonly everySecond: () => void;
  /** Done every 5 s. Never rejects. */
  readonly readRevocations: () => Promise<void>;
  /** Done every 30 s. Never rejects. */
  readonly refreshClock: () => Promise<void>;
}

const tickMs = 1_000;
const revocationTicks = 5;
const clockTicks = 30;
const sweepTicks = 60;
/** A sweep is a bounded step; so many in a row are enough for one tick. */
const sweepsAtOnce = 20;

/** What a worker does now and then, on one timer. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #timer: Timer | undefined;
  #ticks = 0;
  #sweeping: Promise<void> | undefined;
  /** More expires than one round removes: the next tick goes on, or it would pile up without end. */
  #isBehind = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.timer(tickMs, () => this.#tick());
  }

  /** Does nothing more. Resolves once nothing is under way. Idempotent. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#sweeping;
  }

  #tick(): void {
    const { everySecond, readRevocations, refreshClock } = this.#options;
    this.#ticks += 1;
    this.start();
    everySecond();
    if (this.#ticks % revocationTicks === 0) void readRevocations();
    if (this.#ticks % clockTicks === 0) void refreshClock();
    if (this.#ticks % sweepTicks === 0 || this.#isBehind) this.#sweeping ??= this.#sweep();
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
    this.#sweeping = undefined;
  }
}
