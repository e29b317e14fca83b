import type { Clock, Timer } from "@lovage/foundation";

/** Counts towards the deadlines of calls with one timer for all of them; a fired or useless one is cheaper than one per call. */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #onDue: (nowMs: number) => void;
  #timer: Timer | undefined;
  #atMs = Infinity;

  /** @param onDue Called at the earliest of the deadlines, by the clock's monotonic time; it watches anew what is left. */
  constructor(clock: Clock, onDue: (nowMs: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  watch(deadlineMs: number): void {
    if (deadlineMs >= this.#atMs) return;
    this.#timer?.cancel();
    this.#atMs = deadlineMs;
    this.#timer = this.#clock.timer(deadlineMs - this.#clock.monotonic(), () => this.#due(), { keepAlive: false });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#atMs = Infinity;
  }

  #due(): void {
    this.#atMs = Infinity;
    this.#onDue(this.#clock.monotonic());
  }
}
