import { FailureNews, type Timer } from "@lovage/foundation";

import type { Database } from "../database.ts";
import type { OutboxSettings } from "../options.ts";

/** What an {@link InboxSweeper} works with. */
export interface InboxSweeperOptions {
  readonly database: Database;
  readonly settings: Pick<OutboxSettings, "failedRetentionMs" | "inboxRetentionMs">;
}

const sweepEveryMs = 60_000;
const stepSize = 1_000;

/**
 * Removes what has had its time, for a program that consumes and has no relay: a leading relay does so too, but there may be none on this schema, and the inbox grows with
 * every delivery.
 */
export class InboxSweeper {
  readonly #options: InboxSweeperOptions;
  readonly #failures: FailureNews;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: InboxSweeperOptions) {
    this.#options = options;
    const text = "What the inbox has kept for long enough could not be removed; it is tried again.";
    this.#failures = new FailureNews(options.database.log, text);
  }

  /** Sweeps within a minute, and then again and again. Harmless when it is running. */
  start(): void {
    // Many workers that are started at once do not sweep at once.
    if (this.#timer === undefined && !this.#isClosed) this.#arm(Math.random());
  }

  /** A step that is under way ends with the connection to the database. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #arm(share: number): void {
    const { clock } = this.#options.database;
    this.#timer = clock.timer(sweepEveryMs * share, () => void this.#sweep(), { keepAlive: false });
  }

  async #sweep(): Promise<void> {
    try {
      while (!this.#isClosed && (await this.#step()));
      this.#failures.succeeded();
    } catch (error) {
      if (!this.#isClosed) this.#failures.failed(error);
    }
    if (!this.#isClosed) this.#arm(0.75 + Math.random() * 0.5);
  }

  /** Whether there may be more. */
  async #step(): Promise<boolean> {
    const { database, settings } = this.#options;
    const values = [settings.failedRetentionMs, settings.inboxRetentionMs, stepSize];
    const [[swept] = []] = await database.client.query(database.statements.sweep, values, { repeatable: true });
    return Number(swept ?? 0) >= stepSize;
  }
}
