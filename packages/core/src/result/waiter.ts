import type { ResultRecord } from "@lovage/backend";
import type { Clock, Timer } from "@lovage/foundation";
import { TimeoutError } from "./errors.ts";

/** How long one waiter waits. */
export interface WaitOptions {
  readonly timeoutMs: number | undefined;
  /** What is left of `timeoutMs`, where a part of it has passed already. @default all of it */
  readonly leftMs?: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Who keeps the waiters. */
export interface WaiterOwner {
  readonly clock: Clock;
  /** Who may read results. */
  readonly readers: "any" | "caller";
  /** The state of a task that was seen last, for the error of a timeout. */
  stateOf(taskId: string): string | undefined;
  /** Called once for each waiter, when its wait is over in whatever way. */
  remove(waiter: Waiter): void;
}

/**
 * Somebody who waits for one result. Leaves neither timer nor listener behind. There may be tens of thousands, so it holds one closure at most,
 * that of its timer.
 */
export class Waiter {
  readonly taskId: string;
  readonly result: Promise<ResultRecord>;
  readonly #owner: WaiterOwner;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: Timer | undefined;
  readonly #resolve: (record: ResultRecord) => void;
  readonly #reject: (error: Error) => void;

  constructor(taskId: string, owner: WaiterOwner, { timeoutMs, leftMs = timeoutMs, signal }: WaitOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<ResultRecord>();
    this.taskId = taskId;
    this.result = promise;
    this.#owner = owner;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener("abort", this);
    if (timeoutMs !== undefined) this.#timer = owner.clock.timer(leftMs ?? 0, () => this.#onTimeout(timeoutMs));
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
    this.reject(this.#signal?.reason as Error);
  }

  #onTimeout(timeoutMs: number): void {
    const { readers } = this.#owner;
    this.reject(new TimeoutError(this.taskId, { timeoutMs, state: this.#owner.stateOf(this.taskId), readers }));
  }

  #end(): void {
    this.#timer?.cancel();
    this.#signal?.removeEventListener("abort", this);
    this.#owner.remove(this);
  }
}
