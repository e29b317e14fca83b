/**
 * The only source of time. Everything that reads the time or waits takes a clock, so that the whole of Lovage runs
 * under a virtual one. Delays are measured by the monotonic time: a step of the wall clock moves none of them.
 */
export interface Clock {
  /** The wall clock: Unix milliseconds. May step backwards when the machine's clock is set. */
  now(): number;
  /** Milliseconds since an arbitrary start, with a fraction; never goes back. For measuring how long something took. */
  monotonic(): number;
  /**
   * Resolves after a delay. Any number may sleep at once; leaves neither timer nor listener behind.
   * @param ms Delay in milliseconds. Zero or less: the next turn of the event loop. `Infinity`: only the signal ends it.
   * @param options `signal`: ends the sleep early; the promise then rejects with the signal's reason.
   * @throws OptionError (`OPTION_INVALID`) when `ms` is not a number.
   */
  sleep(ms: number, options?: SleepOptions): Promise<void>;
  /**
   * Calls back once after a delay, never synchronously and never early. An error thrown by the callback is uncaught.
   * @param ms Delay in milliseconds, of any length. Zero or less: the next turn of the event loop. `Infinity`: never.
   * @param callback Called without arguments.
   * @param options `keepAlive`: whether the process stays alive for this timer.
   * @throws OptionError (`OPTION_INVALID`) when `ms` is not a number.
   */
  timer(ms: number, callback: () => void, options?: TimerOptions): Timer;
  /**
   * A signal that aborts after a delay. Cancel it when what it guards is over; until then it keeps the process alive.
   * @param ms Delay in milliseconds, as for `timer`.
   * @param options `reason`: the error to abort with.
   * @throws OptionError (`OPTION_INVALID`) when `ms` is not a number.
   */
  deadline(ms: number, options?: DeadlineOptions): Deadline;
}

/** Options of {@link Clock.sleep}. */
export interface SleepOptions {
  /** Ends the sleep early. One that is already aborted rejects at once. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Clock.timer}. */
export interface TimerOptions {
  /**
   * Whether the process stays alive for this timer.
   * @default true
   */
  readonly keepAlive?: boolean | undefined;
}

/** A running timer. */
export interface Timer {
  /** Stops the timer: its callback is not called after this. Idempotent, and harmless after the timer has fired. */
  cancel(): void;
}

/** Options of {@link Clock.deadline}. */
export interface DeadlineOptions {
  /**
   * The error that the signal aborts with.
   * @default a DeadlineError (`DEADLINE_EXCEEDED`) that tells the delay
   */
  readonly reason?: Error | undefined;
}

/** A limit on how long something may take. */
export interface Deadline {
  /** Aborts when the time is over; never after `cancel`. */
  readonly signal: AbortSignal;
  /** Releases the timer. Idempotent, and harmless after the deadline has passed. */
  cancel(): void;
}
