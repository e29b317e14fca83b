import type { Pool, PoolClient } from "pg";

/** Sleeps until a notification of PostgreSQL, or until a time. */
export class PostgresSleeper {
  /** Hears what a notification says. */
  onNotice: (payload: string) => void = () => {};
  readonly #client: PoolClient;
  #notices = 0;
  #wake: () => void = () => {};

  private constructor(client: PoolClient) {
    this.#client = client;
    client.on("notification", ({ payload = "" }) => {
      this.#notices += 1;
      this.#wake();
      this.onNotice(payload);
    });
  }

  /** Takes a connection of the pool until it is closed. */
  static async listen(pool: Pool, channel: string): Promise<PostgresSleeper> {
    const sleeper = new PostgresSleeper(await pool.connect());
    await sleeper.#client.query(`LISTEN ${channel}`);
    return sleeper;
  }

  /** To be called before one looks for work: the function given back does not sleep when a notification came since. */
  arm(): (withinMs: number | undefined, signal: AbortSignal) => Promise<void> {
    const before = this.#notices;
    return async (withinMs, signal) => {
      if (this.#notices > before || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
      const timer = withinMs === undefined ? undefined : setTimeout(resolve, Math.max(1, withinMs));
      await promise;
      clearTimeout(timer);
    };
  }

  /** Ends its connection. */
  close(): void {
    this.#client.release(true);
  }
}
