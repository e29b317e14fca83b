import type { ResultRecord, ResultWatch } from "@lovage/backend";
import type { ChannelSubscription, RedisConnection } from "@lovage/client-redis";
import { Multimap } from "@lovage/foundation";

import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { readResults } from "./read-results.ts";

type Listener = (record: ResultRecord) => void;

const retryMs = 500;

/**
 * Everybody who watches results, on one subscription. What is announced only says that a task has news; the record is then read with its fence, once
 * for all news that came meanwhile.
 */
export class ResultWatches {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #byTask = new Multimap<string, Listener>();
  readonly #news = new Set<string>();
  /** Of each read that is under way, what was told since it began: in a cluster its answer may be older. */
  readonly #toldSince = new Set<Set<string>>();
  /** One for all watches, also for those that begin at the same moment: channels of another one would never be ended. */
  #subscription: Promise<ChannelSubscription> | undefined;
  #isReading = false;
  /** The last read has failed, which was told. */
  #isFailing = false;

  constructor(link: Link, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
    link.isNeeded = () => this.#byTask.size > 0;
    link.onConnected = (connection) => this.#resume(connection);
  }

  async add(taskIds: readonly string[], listener: Listener): Promise<ResultWatch> {
    // A function of our own: the same listener may watch twice.
    const hear: Listener = (record) => listener(record);
    for (const taskId of taskIds) this.#byTask.add(taskId, hear);
    const close = (): void => this.#forget(taskIds, hear);
    try {
      await this.#link.use((connection) => this.#subscribe(connection, taskIds));
      // What was there before the subscription is news to this listener.
      const records = await this.#link.use((connection) => this.#readUntold(connection, taskIds));
      for (const record of records) if (this.#byTask.get(record.taskId).has(hear)) hear(record);
    } catch (error) {
      close();
      throw error;
    }
    return { close };
  }

  /** Idempotent. */
  close(): void {
    this.#byTask.clear();
    this.#news.clear();
  }

  async #subscribe(connection: RedisConnection, taskIds: readonly string[]): Promise<void> {
    this.#subscription ??= connection.subscribe([], (channel) => this.#announced(channel));
    const subscription = await this.#subscription;
    await subscription.add(taskIds.map((taskId) => this.#keys.result(taskId)));
  }

  /** On a new connection all is subscribed to again, and read, for something may have been missed. */
  async #resume(connection: RedisConnection): Promise<void> {
    this.#subscription = undefined;
    const taskIds = [...this.#byTask.keys()];
    if (taskIds.length === 0) return;
    await this.#subscribe(connection, taskIds);
    this.#tell(await this.#readUntold(connection, taskIds));
  }

  /** Records of which nothing newer was told while they were read. */
  async #readUntold(connection: RedisConnection, taskIds: readonly string[]): Promise<readonly ResultRecord[]> {
    const told = new Set<string>();
    this.#toldSince.add(told);
    try {
      const records = await readResults(connection, this.#keys, taskIds);
      return records.filter((record) => record !== undefined).filter(({ taskId }) => !told.has(taskId));
    } finally {
      this.#toldSince.delete(told);
    }
  }

  #announced(channel: string): void {
    this.#news.add(channel.slice(this.#keys.result("").length));
    if (!this.#isReading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    while (this.#news.size > 0) {
      const taskIds = [...this.#news];
      this.#news.clear();
      try {
        this.#tell(await this.#link.use((connection) => readResults(connection, this.#keys, taskIds)));
        this.#isFailing = false;
      } catch (error) {
        if (this.#link.isClosed) break;
        this.#tellFailure(error);
        for (const taskId of taskIds.filter((each) => this.#byTask.has(each))) this.#news.add(taskId);
        await this.#link.clock.sleep(retryMs);
      }
    }
    this.#isReading = false;
  }

  /** Once while it fails again and again: the server may be away for hours. */
  #tellFailure(error: unknown): void {
    const level = this.#isFailing ? "debug" : "warn";
    this.#isFailing = true;
    this.#link.log[level]("Results cannot be read for those who watch them; trying again.", { error: String(error) });
  }

  #tell(records: readonly (ResultRecord | undefined)[]): void {
    for (const record of records) {
      if (record === undefined) continue;
      for (const told of this.#toldSince) told.add(record.taskId);
      for (const listener of this.#byTask.get(record.taskId)) listener(record);
    }
  }

  #forget(taskIds: readonly string[], listener: Listener): void {
    const idle = taskIds.filter((taskId) => this.#byTask.delete(taskId, listener));
    const channels = idle.map((taskId) => this.#keys.result(taskId));
    void this.#subscription?.then((subscription) => subscription.remove(channels));
  }
}
