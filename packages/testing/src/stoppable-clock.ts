import type { Clock, Deadline, DeadlineOptions, SleepOptions, Timer, TimerOptions } from "@lovage/foundation";
import { deadlineOn, sleepOn } from "@lovage/foundation";

/** The time of another clock, with timers that can be stopped: those of a process that dies. */
export class StoppableClock implements Clock {
  readonly #inner: Clock;
  #isStopped = false;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  /** From now on no timer fires. */
  stop(): void {
    this.#isStopped = true;
  }

  /** From now on timers fire again; those that were due meanwhile do not. */
  resume(): void {
    this.#isStopped = false;
  }

  now(): number {
    return this.#inner.now();
  }

  monotonic(): number {
    return this.#inner.monotonic();
  }

  timer(ms: number, callback: () => void, options?: TimerOptions): Timer {
    const unlessStopped = (): void => {
      if (!this.#isStopped) callback();
    };
    return this.#inner.timer(ms, unlessStopped, options);
  }

  sleep(ms: number, options?: SleepOptions): Promise<void> {
    return sleepOn(this, ms, options);
  }

  deadline(ms: number, options?: DeadlineOptions): Deadline {
    return deadlineOn(this, ms, options);
  }
}
