import { checkDelay } from "./check-delay.ts";
import type { Clock, Deadline, DeadlineOptions, SleepOptions, Timer, TimerOptions } from "./clock.ts";
import { deadlineOn } from "./deadline-on.ts";
import { sleepOn } from "./sleep-on.ts";

/** The longest delay of the platform's timers (2^31 - 1 ms, near 25 days); longer ones would fire at once. */
const longestTimeoutMs = 2_147_483_647;

/** A timer of any length over the platform's, which are bounded and may fire up to a millisecond early. */
class SystemTimer implements Timer {
  readonly #dueAtMs: number;
  readonly #callback: () => void;
  readonly #keepAlive: boolean;
  #handle: NodeJS.Timeout | NodeJS.Immediate;

  constructor(ms: number, callback: () => void, keepAlive: boolean) {
    this.#dueAtMs = performance.now() + ms;
    this.#callback = callback;
    this.#keepAlive = keepAlive;
    this.#handle = this.#arm(ms);
  }

  cancel(): void {
    clearTimeout(this.#handle as NodeJS.Timeout);
    clearImmediate(this.#handle as NodeJS.Immediate);
  }

  #arm(ms: number): NodeJS.Timeout | NodeJS.Immediate {
    const handle =
      ms > 0
        ? setTimeout(() => this.#check(), Math.min(Math.ceil(ms), longestTimeoutMs))
        : setImmediate(() => this.#callback());
    if (!this.#keepAlive) handle.unref();
    return handle;
  }

  #check(): void {
    const remainingMs = this.#dueAtMs - performance.now();
    if (remainingMs > 0) this.#handle = this.#arm(remainingMs);
    else this.#callback();
  }
}

/** The clock of the machine: the one place where Lovage meets the platform's time and timers. */
export const systemClock: Clock = Object.freeze<Clock>({
  now: (): number => Date.now(),
  monotonic: (): number => performance.now(),
  timer(ms: number, callback: () => void, options: TimerOptions = {}): Timer {
    checkDelay(ms);
    return new SystemTimer(ms, callback, options.keepAlive ?? true);
  },
  sleep: (ms: number, options?: SleepOptions): Promise<void> => sleepOn(systemClock, ms, options),
  deadline: (ms: number, options?: DeadlineOptions): Deadline => deadlineOn(systemClock, ms, options),
});
