import type { CloseOptions, Consumer } from "@lovage/transport";
import type { Life } from "./life.ts";

/** A consumer that fetches nothing for the dead. */
export class MortalConsumer implements Consumer {
  readonly #inner: Consumer;
  readonly #life: Life;

  constructor(inner: Consumer, life: Life) {
    this.#inner = inner;
    this.#life = life;
  }

  get queue(): string {
    return this.#inner.queue;
  }

  get prefetch(): number {
    return this.#inner.prefetch;
  }

  get unsettled(): number {
    return this.#inner.unsettled;
  }

  setPrefetch(prefetch: number): void {
    if (!this.#life.isOver) this.#inner.setPrefetch(prefetch);
  }

  recheck(): Promise<void> | undefined {
    return this.#inner.recheck?.();
  }

  close(options?: CloseOptions): Promise<void> {
    return this.#life.during(() => this.#inner.close(options));
  }
}
