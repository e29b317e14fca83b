import type { Clock, Deadline, DeadlineOptions, SleepOptions, Timer } from "@lovage/foundation";
import { deadlineOn, sleepOn } from "@lovage/foundation";

/** The clock of one simulated process: while that is stopped, time goes on and its timers do not fire; they are late when it wakes. */
export class FreezableClock implements Clock {
  readonly #inner: Clock;
  #late: Set<() => void> | undefined;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  now(): number {
    return this.#inner.now();
  }

  monotonic(): number {
    return this.#inner.monotonic();
  }

  timer(ms: number, callback: () => void): Timer {
    const fire = (): void => {
      if (this.#late === undefined) callback();
      else this.#late.add(callback);
    };
    const timer = this.#inner.timer(ms, fire);
    return {
      cancel: (): void => {
        timer.cancel();
        this.#late?.delete(callback);
      },
    };
  }

  sleep(ms: number, options?: SleepOptions): Promise<void> {
    return sleepOn(this, ms, options);
  }

  deadline(ms: number, options?: DeadlineOptions): Deadline {
    return deadlineOn(this, ms, options);
  }

  freeze(): void {
    this.#late ??= new Set();
  }

  thaw(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const callback of late) callback();
  }
}
