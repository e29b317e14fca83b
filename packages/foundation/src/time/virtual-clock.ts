import { checkDelay } from "./check-delay.ts";
import type { Clock, Deadline, DeadlineOptions, SleepOptions, Timer } from "./clock.ts";
import { deadlineOn } from "./deadline-on.ts";
import { LovageError } from "../errors/error.ts";
import { sleepOn } from "./sleep-on.ts";

/** The platform's own, kept before a test runner can replace it by a fake one. */
const nextTurn = globalThis.setImmediate;
const nextTick = process.nextTick.bind(process);

/** Turns of the event loop between two instants: enough for short chains of callbacks that each take a turn. */
const turnsPerInstant = 4;

/** Timers at one instant before it is taken for an endless loop of timers without delay. */
const maxTimersPerInstant = 100_000;

/** How a {@link VirtualClock} starts. */
export interface VirtualClockOptions {
  /**
   * The first wall clock time, in Unix milliseconds.
   * @default 2026-01-01T00:00:00Z
   */
  readonly nowMs?: number | undefined;
}

/**
 * A clock that stands still until it is told to go on. Timers run in the order of their due times, those of one
 * instant in the order of their creation, each after the microtasks of the one before. Between two instants a few turns
 * of the event loop pass, so that queued callbacks and what they await are done before time moves. A delay of zero runs
 * with the next `advance`, of zero too. What waits for real I/O or another thread is not waited for.
 *
 * | state     | time moves | `advance`, `advanceToNext`, `runAll` |
 * |-----------|------------|--------------------------------------|
 * | standing  | no         | start                                |
 * | advancing | yes        | throw `CLOCK_ADVANCING`              |
 */
export interface VirtualClock extends Clock {
  /** How many timers are waiting to fire, sleeps and deadlines included. */
  readonly pending: number;
  /**
   * Moves time on and runs what is due up to the new instant, that instant included.
   * @param ms How far, in milliseconds; zero or more.
   * @throws what a timer's callback throws; the clock then stands at that timer's instant.
   * @throws LovageError `CLOCK_ADVANCING` when an earlier call is still running, `CLOCK_RUNAWAY` when timers without
   * delay follow each other without end.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves time to the next instant at which something is due and runs that instant.
   * @returns whether there was one.
   * @throws as `advance` does.
   */
  advanceToNext(): Promise<boolean>;
  /**
   * Runs instant after instant until nothing is pending. Only for code that comes to rest: a timer that starts itself
   * again never does.
   * @param options `maxInstants`: how many instants to run before it is an error (default 10 000).
   * @throws LovageError `CLOCK_RUNAWAY` when timers are still pending after that many instants; and as `advance` does.
   */
  runAll(options?: { readonly maxInstants?: number | undefined }): Promise<void>;
}

/** A clock for tests that moves only when told to. */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  return new StandingClock(options.nowMs ?? Date.UTC(2026, 0, 1));
}

interface VirtualTimer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

class StandingClock implements VirtualClock {
  readonly #startedAtMs: number;
  /** By due time, then by creation. Timers that never fire are not here. */
  readonly #timers: VirtualTimer[] = [];
  #elapsedMs = 0;
  #advancing = false;

  constructor(nowMs: number) {
    this.#startedAtMs = nowMs;
  }

  get pending(): number {
    return this.#timers.length;
  }

  now(): number {
    return Math.floor(this.#startedAtMs + this.#elapsedMs);
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  timer(ms: number, callback: () => void): Timer {
    checkDelay(ms);
    const timer: VirtualTimer = { dueAtMs: this.#elapsedMs + Math.max(0, ms), callback };
    if (timer.dueAtMs < Infinity) this.#timers.splice(this.#placeAfter(timer.dueAtMs), 0, timer);
    return {
      cancel: (): void => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
  }

  sleep(ms: number, options?: SleepOptions): Promise<void> {
    return sleepOn(this, ms, options);
  }

  deadline(ms: number, options?: DeadlineOptions): Deadline {
    return deadlineOn(this, ms, options);
  }

  async advance(ms: number): Promise<void> {
    checkDelay(ms);
    await this.#exclusively(async () => {
      const endAtMs = this.#elapsedMs + Math.max(0, ms);
      await settle();
      for (let due = this.#nextDueAtMs(); due <= endAtMs; due = this.#nextDueAtMs()) await this.#runInstant(due);
      this.#elapsedMs = endAtMs;
    });
  }

  async advanceToNext(): Promise<boolean> {
    return await this.#exclusively(async () => {
      await settle();
      const due = this.#nextDueAtMs();
      if (due < Infinity) await this.#runInstant(due);
      return due < Infinity;
    });
  }

  async runAll(options: { readonly maxInstants?: number | undefined } = {}): Promise<void> {
    const { maxInstants = 10_000 } = options;
    for (let instants = 1; await this.advanceToNext(); instants += 1) {
      if (instants >= maxInstants && this.pending > 0)
        throw runaway(`${this.pending} timers are pending after ${maxInstants} instants.`);
    }
  }

  async #runInstant(dueAtMs: number): Promise<void> {
    this.#elapsedMs = dueAtMs;
    for (let ran = 0; this.#nextDueAtMs() <= dueAtMs; ran += 1) {
      if (ran >= maxTimersPerInstant) throw runaway(`${maxTimersPerInstant} timers ran at one instant.`);
      this.#timers.shift()?.callback();
      await new Promise<void>((resolve) => nextTick(resolve));
      if (this.#nextDueAtMs() > dueAtMs) await settle();
    }
  }

  #nextDueAtMs(): number {
    return this.#timers[0]?.dueAtMs ?? Infinity;
  }

  /** The index behind all timers that are due at this instant or earlier. */
  #placeAfter(dueAtMs: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const timer = this.#timers[middle];
      if (timer !== undefined && timer.dueAtMs <= dueAtMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#advancing) {
      throw new LovageError("The virtual clock is already advancing: await the earlier call first.", {
        code: "CLOCK_ADVANCING",
      });
    }
    this.#advancing = true;
    try {
      return await work();
    } finally {
      this.#advancing = false;
    }
  }
}

/** Lets microtasks and callbacks that are already queued run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < turnsPerInstant; turn += 1) await new Promise<void>((resolve) => void nextTurn(resolve));
}

function runaway(what: string): LovageError {
  return new LovageError(
    `${what} Something starts a timer whenever one fires; advance by a length of time, or stop what repeats.`,
    { code: "CLOCK_RUNAWAY" },
  );
}
