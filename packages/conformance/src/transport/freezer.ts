import { type Clock, deadlineOn, sleepOn, type Timer, type TimerOptions } from "@lovage/foundation";

interface HeldTimer {
  readonly dueAtMs: number;
  readonly callback: () => void;
  readonly options: TimerOptions | undefined;
  running: Timer | undefined;
}

/**
 * Stops a part of this process as SIGSTOP stops a process: what goes through `clock` and `wrap` neither fires nor answers until the thaw.
 *
 * | state | timers of `clock` | calls into what was wrapped, their answers, and calls back out of it |
 * |---|---|---|
 * | running | fire when due | go through |
 * | stalled | fire when due | wait for the thaw, but for calls of `close` |
 * | frozen | wait; those that are due fire at the thaw | wait for the thaw |
 */
export class Freezer {
  /** The clock for the part that is to be stopped. Time itself goes on. */
  readonly clock: Clock;
  readonly #inner: Clock;
  readonly #timers = new Set<HeldTimer>();
  #isFrozen = false;
  #thawed: Promise<void> | undefined;
  #resolve: () => void = () => {};

  /** @param inner The clock that the part would have had. */
  constructor(inner: Clock) {
    this.#inner = inner;
    this.clock = this.#holdingClock();
  }

  /** Stops everything. Idempotent. */
  freeze(): void {
    this.stall();
    this.#isFrozen = true;
    for (const timer of this.#timers) timer.running?.cancel();
  }

  /** Stops what was wrapped, and lets time go on: a black hole. Idempotent. */
  stall(): void {
    this.#thawed ??= new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Idempotent. */
  thaw(): void {
    if (this.#thawed === undefined) return;
    this.#thawed = undefined;
    this.#resolve();
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    for (const timer of this.#timers) this.#arm(timer);
  }

  /**
   * An object whose methods, all asynchronous, can be held; so can the callbacks in the objects given to them, and the methods of its members.
   * Plain data is passed through.
   */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name): unknown => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value === "function") return this.#holdingCalls(value.bind(target) as AnyCall, name);
        return hasMethods(value) ? this.wrap(value) : value;
      },
    });
  }

  #holdingCalls(call: AnyCall, name: string | symbol): AnyCall {
    return async (...given) => {
      const args = given.map((arg) => (hasMethods(arg) ? this.#holdingCallbacks(arg) : arg));
      // To let go of a broker needs no answer of it.
      if (name === "close" && !this.#isFrozen) return await call(...args);
      if (this.#thawed !== undefined) await this.#thawed;
      // The answer of a call that was under way waits as well, and so does its failure.
      const [outcome] = await Promise.allSettled([call(...args)]);
      if (this.#thawed !== undefined) await this.#thawed;
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    };
  }

  #holdingCallbacks(callbacks: object): object {
    return new Proxy(callbacks, {
      get: (target, name): unknown => {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? this.#holdingCallback(value.bind(target) as AnyCall) : value;
      },
    });
  }

  #holdingCallback(callback: AnyCall): AnyCall {
    const afterThaw = async (args: unknown[]): Promise<void> => {
      await this.#thawed;
      callback(...args);
    };
    return (...args) => (this.#thawed === undefined ? callback(...args) : void afterThaw(args));
  }

  #holdingClock(): Clock {
    const inner = this.#inner;
    const clock: Clock = {
      now: () => inner.now(),
      monotonic: () => inner.monotonic(),
      timer: (ms, callback, options) => {
        const timer: HeldTimer = { dueAtMs: inner.monotonic() + ms, callback, options, running: undefined };
        this.#timers.add(timer);
        if (!this.#isFrozen) this.#arm(timer);
        return { cancel: () => this.#cancel(timer) };
      },
      sleep: (ms, options) => sleepOn(clock, ms, options),
      deadline: (ms, options) => deadlineOn(clock, ms, options),
    };
    return clock;
  }

  #arm(timer: HeldTimer): void {
    const fire = (): void => {
      this.#timers.delete(timer);
      timer.callback();
    };
    timer.running = this.#inner.timer(timer.dueAtMs - this.#inner.monotonic(), fire, timer.options);
  }

  #cancel(timer: HeldTimer): void {
    this.#timers.delete(timer);
    timer.running?.cancel();
  }
}

type AnyCall = (...args: unknown[]) => unknown;

/** Whether it is more than data: it has methods of its own or of its class. */
function hasMethods(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return true;
  return Object.values(value).some((member) => typeof member === "function");
}
