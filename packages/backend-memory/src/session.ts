import type { Clock } from "@lovage/foundation";
import { ClosedError } from "@lovage/foundation";
import type { ResultWatch } from "@lovage/backend";
import type { MemoryStore } from "./memory-store.ts";

/** What the parts of one opened backend have in common. */
export class Session {
  readonly #clock: Clock;
  readonly #store: MemoryStore;
  readonly #watches = new Set<ResultWatch>();
  #isClosed = false;

  constructor(store: MemoryStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The store, to be used at once. @throws CLOSED */
  get store(): MemoryStore {
    if (this.#isClosed) throw new ClosedError("The memory backend is closed: open another one to go on.");
    return this.#store;
  }

  get nowMs(): number {
    return this.#clock.now();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ties a watch to the session, so that it ends with it. */
  keep(watch: ResultWatch): ResultWatch {
    this.#watches.add(watch);
    return {
      close: (): void => {
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }
}
