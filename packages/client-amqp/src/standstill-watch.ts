import type { Clock, Timer } from "@lovage/foundation";

type WatchClock = Pick<Clock, "monotonic" | "timer">;

/**
 * Notices when this process stood still (a blocked event loop, SIGSTOP, a suspended machine) for so long that the server may have taken it for dead: no
 * heartbeat was sent meanwhile. What lies unread in the socket may be older than that.
 */
export class StandstillWatch {
  readonly #clock: WatchClock;
  readonly #limitMs: number;
  #count = 0;
  #lookedAtMs: number;
  #timer: Timer;

  constructor(clock: WatchClock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#lookedAtMs = clock.monotonic();
    this.#timer = this.#arm();
  }

  /** How often it stood still so far, the present moment included: whoever asks may come before the timers. */
  get count(): number {
    this.#look();
    return this.#count;
  }

  close(): void {
    this.#timer.cancel();
  }

  #arm(): Timer {
    const onTime = (): void => {
      this.#look();
      this.#timer = this.#arm();
    };
    // What keeps the process alive is the connection.
    return this.#clock.timer(this.#limitMs / 2, onTime, { keepAlive: false });
  }

  #look(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#lookedAtMs >= this.#limitMs) this.#count += 1;
    this.#lookedAtMs = nowMs;
  }
}
