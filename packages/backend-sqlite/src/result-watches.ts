import type { ResultRecord, ResultWatch } from "@lovage/backend";
import type { SqliteConnection, WakeSubscription } from "@lovage/client-sqlite";
import { FailureNews, Multimap, type Timer } from "@lovage/foundation";
import { findResult } from "./find-result.ts";
import type { Store } from "./store.ts";

interface Watch {
  readonly listener: (record: ResultRecord) => void;
  isClosed: boolean;
}

const topic = "results";
/** A look that nobody asked for finds what a program had committed when it died before it announced it. */
const slowLookMs = 5000;
/** The next look after one that failed. */
const retryMs = 1000;
const failureText = "Results cannot be read for those who watch them; trying again.";

/**
 * Everything that this backend watches, over one subscription to the wake file. A wake-up reads what has changed since the last one, or, where
 * more has changed than is watched, what is watched.
 *
 * | state | entered by | left by |
 * |---|---|---|
 * | asleep | the last watch that is closed | the first watch |
 * | armed | the first watch: it subscribes, notes the last change, and only then looks at records | a wake-up, or 5 s without one; the last watch closed |
 * | looking | a wake-up | the end of the look; it looks again if another wake-up has come meanwhile |
 */
export class ResultWatches {
  readonly #store: Store;
  readonly #byTask = new Multimap<string, Watch>();
  #subscription: WakeSubscription | undefined;
  #seenChange = 0;
  #isLooking = false;
  #isWoken = false;
  #isAnnouncing = false;
  readonly #failures: FailureNews;
  #nextLook: Timer | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#failures = new FailureNews(store.log, failureText);
    store.onReplaced = () => this.#follow();
  }

  /** Wakes the watchers of all programs, once for all that was committed in this turn. */
  announce(): void {
    if (this.#isAnnouncing) return;
    this.#isAnnouncing = true;
    queueMicrotask(() => {
      this.#isAnnouncing = false;
      this.#store.client.wake.announce(topic);
    });
  }

  async add(taskIds: readonly string[], listener: (record: ResultRecord) => void): Promise<ResultWatch> {
    const watch: Watch = { listener, isClosed: false };
    const ids = [...new Set(taskIds)];
    const close = (): void => this.#remove(ids, watch);
    try {
      await this.#store.read((connection, nowMs) => {
        this.#arm(connection);
        for (const taskId of ids) this.#byTask.add(taskId, watch);
        for (const taskId of ids) this.#tell(findResult(connection, taskId, nowMs), [watch]);
      });
    } catch (error) {
      close();
      throw error;
    }
    return { close };
  }

  close(): void {
    for (const taskId of this.#byTask.keys()) for (const watch of this.#byTask.get(taskId)) watch.isClosed = true;
    this.#byTask.clear();
    this.#disarm();
  }

  #remove(taskIds: readonly string[], watch: Watch): void {
    if (watch.isClosed) return;
    watch.isClosed = true;
    for (const taskId of taskIds) this.#byTask.delete(taskId, watch);
    if (this.#byTask.size === 0) this.#disarm();
  }

  /** Subscribes before it notes the last change, so that every later one wakes it. */
  #arm(connection: SqliteConnection): void {
    if (this.#subscription !== undefined) return;
    this.#subscription = this.#store.client.wake.subscribe(topic, () => this.#wake());
    this.#seenChange = lastChange(connection);
    this.#lookIn(slowLookMs);
  }

  /** After another file was opened: all that it holds is news, and its numbers are its own. */
  #follow(): void {
    if (this.#subscription === undefined) return;
    this.#subscription.close();
    this.#subscription = this.#store.client.wake.subscribe(topic, () => this.#wake());
    this.#seenChange = 0;
    this.#wake();
  }

  #disarm(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#nextLook?.cancel();
    this.#nextLook = undefined;
  }

  #wake(): void {
    this.#isWoken = true;
    if (!this.#isLooking) void this.#look();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#isWoken && this.#subscription !== undefined) {
        this.#isWoken = false;
        await this.#store.read((connection, nowMs) => this.#tellChanges(connection, nowMs));
      }
      this.#failures.succeeded();
      this.#lookIn(slowLookMs);
    } catch (error) {
      if (this.#subscription !== undefined) this.#failures.failed(error);
      this.#lookIn(retryMs);
    } finally {
      this.#isLooking = false;
    }
  }

  #lookIn(ms: number): void {
    this.#nextLook?.cancel();
    if (this.#subscription === undefined) return;
    this.#nextLook = this.#store.clock.timer(ms, () => this.#wake(), { keepAlive: false });
  }

  #tellChanges(connection: SqliteConnection, nowMs: number): void {
    const last = lastChange(connection);
    if (last === this.#seenChange) return;
    const areFewChanges = last - this.#seenChange <= this.#byTask.size;
    const taskIds = areFewChanges ? this.#readChanged(connection, last) : this.#byTask.keys();
    for (const taskId of taskIds) {
      const watches = this.#byTask.get(taskId);
      if (watches.size > 0) this.#tell(findResult(connection, taskId, nowMs), watches);
    }
    this.#seenChange = last;
  }

  #readChanged(connection: SqliteConnection, last: number): string[] {
    const sql = "SELECT task_id FROM lovage_result WHERE change > ? AND change <= ?";
    const rows = connection.statement(sql).all(this.#seenChange, last);
    // A record that was changed again in between has moved behind `last`, and is told by the next look.
    return rows.map((row) => String(row["task_id"]));
  }

  #tell(record: ResultRecord | undefined, watches: Iterable<Watch>): void {
    if (record === undefined) return;
    for (const watch of watches) if (!watch.isClosed) watch.listener(record);
  }
}

function lastChange(connection: SqliteConnection): number {
  return Number(connection.statement("SELECT value FROM lovage_backend_counter WHERE id = 1").get()?.["value"]);
}
