import type { Clock } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import type { Intake } from "./intake.ts";

/** What a dispatcher works with. */
export interface DispatcherOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  readonly intakes: readonly Intake[];
  /** Whether tasks may be started at present. */
  readonly mayStart: () => boolean;
  /** Takes a slot until `free` is called for it. Must not throw. */
  readonly start: (delivery: Delivery, intake: Intake) => void;
}

/** How long tasks may be started without a pause for I/O and timers; lease renewal and heartbeats live on those. */
const longestTurnMs = 10;
/** After such a gap the process may have been stopped: what it holds may be lost, and timers that tell so are due. */
const gapMs = 1_000;

/** Starts what was fetched: queue after queue in turn, as many tasks at once as there are slots. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  #taken = 0;
  #turn = 0;
  #isStarting = false;
  #isWoken = false;
  /** The present turn came after a gap: nothing is started in it, whoever asks. */
  #isAfterGap = false;
  #isRechecking = false;
  /** By the monotonic clock; `undefined` between two turns of the event loop. */
  #turnBeganAtMs: number | undefined;
  #lastTurnAtMs = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Slots in use. */
  get taken(): number {
    return this.#taken;
  }

  /** Something may be startable. Starts it soon, together with what else arrives in the same batch. */
  wake(): void {
    if (this.#isWoken || this.#isStarting) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      this.#startAll();
    });
  }

  /** A slot is free again. */
  free(): void {
    this.#taken -= 1;
    this.wake();
  }

  #startAll(): void {
    const { concurrency, mayStart, start } = this.#options;
    if (this.#isStarting || this.#isRechecking) return;
    this.#isStarting = true;
    while (this.#taken < concurrency && mayStart()) {
      const intake = this.#nextIntake();
      if (intake === undefined || this.#isTurnOver()) break;
      const delivery = intake.next();
      if (delivery === undefined) continue;
      this.#taken += 1;
      start(delivery, intake);
    }
    this.#isStarting = false;
  }

  /** Measures the turn of the event loop; once it is over, the next one goes on. */
  #isTurnOver(): boolean {
    const nowMs = this.#options.clock.monotonic();
    if (this.#turnBeganAtMs !== undefined) return this.#isAfterGap || nowMs - this.#turnBeganAtMs > longestTurnMs;
    this.#isAfterGap = nowMs - this.#lastTurnAtMs > gapMs;
    this.#turnBeganAtMs = nowMs;
    this.#lastTurnAtMs = nowMs;
    setImmediate(() => this.#nextTurn());
    if (this.#isAfterGap) for (const intake of this.#options.intakes) intake.age();
    return this.#isAfterGap;
  }

  #nextTurn(): void {
    this.#turnBeganAtMs = undefined;
    if (this.#isAfterGap) void this.#recheck();
    this.#isAfterGap = false;
    this.#startAll();
  }

  /** Nothing is started until the broker has told what is ours still, where there is a doubt. */
  async #recheck(): Promise<void> {
    const answers = this.#options.intakes.map((intake) => intake.recheck()).filter((answer) => answer !== undefined);
    if (answers.length === 0) return;
    this.#isRechecking = true;
    await Promise.all(answers);
    this.#isRechecking = false;
    this.#startAll();
  }

  /** The next queue in turn that has something. */
  #nextIntake(): Intake | undefined {
    const { intakes } = this.#options;
    for (const _ of intakes) {
      const intake = intakes[this.#turn];
      this.#turn = (this.#turn + 1) % intakes.length;
      if (intake !== undefined && intake.buffered > 0) return intake;
    }
    return undefined;
  }
}
