import { hasCode } from "@lovage/foundation";
import type { BrowseOptions, BrowsePage, MessageSelection, QueueAdmin, QueueStats } from "@lovage/transport";
import { checkReplay, checkSelection } from "@lovage/transport";

/** What stands between callers and the store's own admin. */
export interface AdminGuard {
  /** @throws CLOSED */
  readonly requireOpen: () => void;
  /** An error of the store, for the connection to act on. */
  readonly onError: (error: unknown) => void;
  /** A queue was deleted. */
  readonly onDeleted: (queue: string) => void;
}

/** The store's admin for as long as the connection is open. */
export class GuardedAdmin implements QueueAdmin {
  readonly #admin: QueueAdmin;
  readonly #guard: AdminGuard;

  constructor(admin: QueueAdmin, guard: AdminGuard) {
    this.#admin = admin;
    this.#guard = guard;
  }

  list(): Promise<readonly string[]> {
    return this.#run(() => this.#admin.list());
  }

  inspect(queues: readonly string[]): Promise<readonly QueueStats[]> {
    return this.#run(() => this.#admin.inspect(queues));
  }

  purge(queue: string): Promise<number> {
    return this.#run(() => this.#admin.purge(queue));
  }

  async delete(queue: string): Promise<void> {
    await this.#run(() => this.#admin.delete(queue));
    this.#guard.onDeleted(queue);
  }

  browse(queue: string, options?: BrowseOptions): Promise<BrowsePage> {
    return this.#run(() => this.#admin.browse(queue, options));
  }

  replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    return this.#run(() => {
      checkReplay(deadLetterQueue, selection);
      return this.#admin.replay(deadLetterQueue, selection);
    });
  }

  drop(queue: string, selection: MessageSelection): Promise<number> {
    return this.#run(() => {
      checkSelection(selection);
      return this.#admin.drop(queue, selection);
    });
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.#guard.requireOpen();
    try {
      return await work();
    } catch (error) {
      // Put off by a store that is there: the connection has nothing to do, and whoever asked is told.
      if (!hasCode(error, "TRANSPORT_BUSY")) this.#guard.onError(error);
      throw error;
    }
  }
}
