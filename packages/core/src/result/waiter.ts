import type { ResultRecord } from "@lovage/backend";
import type { Clock, Timer } from "@lovage/foundation";
import { TimeoutError } from "./errors.ts";

/** How long one waiter waits. */
export interface WaitOptions {
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a waiter is made of. */
export interface WaiterOptions extends WaitOptions {
  readonly taskId: string;
  readonly clock: Clock;
  /** The state last seen, for the error of a timeout. */
  state(): string | undefined;
  /** Called once, when the wait is over in whatever way. */
  onEnd(waiter: Waiter): void;
}

/** Somebody who waits for one result. Leaves neither timer nor listener behind. */
export class Waiter {
  readonly result: Promise<ResultRecord>;
  readonly #options: WaiterOptions;
  readonly #timer: Timer | undefined;
  #resolve!: (record: ResultRecord) => void;
  #reject!: (error: Error) => void;

  constructor(options: WaiterOptions) {
    const { clock, timeoutMs, signal } = options;
    this.#options = options;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    signal?.addEventListener("abort", this);
    this.#timer = timeoutMs === undefined ? undefined : clock.timer(timeoutMs, () => this.#onTimeout(timeoutMs));
  }

  resolve(record: ResultRecord): void {
    this.#end();
    this.#resolve(record);
  }

  reject(error: Error): void {
    this.#end();
    this.#reject(error);
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.reject(this.#options.signal?.reason as Error);
  }

  #onTimeout(timeoutMs: number): void {
    const { taskId } = this.#options;
    this.reject(new TimeoutError(taskId, { timeoutMs, state: this.#options.state() }));
  }

  #end(): void {
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener("abort", this);
    this.#options.onEnd(this);
  }
}
