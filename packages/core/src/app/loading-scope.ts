import { AsyncLocalStorage } from "node:async_hooks";

/** Tells what is called by the modules that are being loaded from what others call meanwhile. */
export class LoadingScope {
  readonly #storage = new AsyncLocalStorage<{ isOver: boolean }>();

  /** Whether the caller is, or was begun by, a module whose loading is not over. */
  get isInside(): boolean {
    return this.#storage.getStore()?.isOver === false;
  }

  async during<Value>(load: () => Promise<Value>): Promise<Value> {
    const state = { isOver: false };
    try {
      return await this.#storage.run(state, load);
    } finally {
      state.isOver = true;
    }
  }
}
