import type { ResultRecord, ResultWatch } from "@lovage/backend";
import type { ChannelSubscription, RedisConnection } from "@lovage/client-redis";
import { asError, FailureNews, Multimap } from "@lovage/foundation";

import { isOfOneNode } from "./errors.ts";
import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { readInParts } from "./read-results.ts";

type Listener = (record: ResultRecord) => void;

const retryMs = 500;
const failureText = "Results cannot be read for those who watch them; trying again.";

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
  /** What could not be read. */
  readonly #unread = new Set<string>();
  #isReadingAgain = false;
  readonly #failures: FailureNews;

  constructor(link: Link, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
    this.#failures = new FailureNews(link.log, failureText);
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
      await this.#link.use((connection) => this.#readUntold(connection, taskIds, hear));
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
    this.#unread.clear();
  }

  async #subscribe(connection: RedisConnection, taskIds: readonly string[]): Promise<void> {
    this.#subscription ??= connection.subscribe([], (channel) => this.#announced(channel));
    const subscription = await this.#subscription;
    await subscription.add(taskIds.map((taskId) => this.#keys.result(taskId)));
  }

  /** On a new connection all is subscribed to again, and read, for something may have been missed: beside all else, since a part of it may be away. */
  async #resume(connection: RedisConnection): Promise<void> {
    this.#subscription = undefined;
    const taskIds = [...this.#byTask.keys()];
    if (taskIds.length === 0) return;
    await this.#subscribe(connection, taskIds);
    void this.#readMissed(taskIds);
  }

  /** Tells one listener the records of which nothing newer was told while they were read. Those on a node of a cluster that is away it is told later. */
  async #readUntold(connection: RedisConnection, taskIds: readonly string[], hear: Listener): Promise<void> {
    const told = new Set<string>();
    const failures: unknown[] = [];
    this.#toldSince.add(told);
    await readInParts(
      connection,
      { keys: this.#keys, taskIds },
      {
        onFound: (records) => {
          for (const record of records)
            if (record !== undefined && !told.has(record.taskId) && this.#byTask.get(record.taskId).has(hear))
              hear(record);
        },
        onFailure: (unread, error) => {
          if (isOfOneNode(error)) this.#missed(unread, error);
          else failures.push(error);
        },
      },
    );
    this.#toldSince.delete(told);
    this.#readOn();
    const [failure] = failures;
    if (failure !== undefined) throw asError(failure);
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
      await this.#readAndTell(taskIds, new Set());
    }
    this.#isReading = false;
  }

  /** What is told meanwhile has been read later. Never rejects. */
  async #readMissed(taskIds: readonly string[]): Promise<void> {
    const told = new Set<string>();
    this.#toldSince.add(told);
    await this.#readAndTell(taskIds, told);
    this.#toldSince.delete(told);
  }

  /** Tells what can be read, and tries the rest again after a while. Never rejects. */
  async #readAndTell(taskIds: readonly string[], told: ReadonlySet<string>): Promise<void> {
    const part = { keys: this.#keys, taskIds };
    const onFailure = (unread: readonly string[], error: unknown): void => this.#missed(unread, error);
    const onFound = (records: readonly (ResultRecord | undefined)[]): void =>
      this.#tell(records.filter((record) => record !== undefined && !told.has(record.taskId)));
    try {
      await this.#link.use((connection) => readInParts(connection, part, { onFound, onFailure }));
    } catch (error) {
      onFailure(taskIds, error);
    }
    this.#readOn();
  }

  #readOn(): void {
    if (this.#unread.size > 0 && !this.#isReadingAgain) void this.#readAgain();
  }

  #missed(taskIds: readonly string[], error: unknown): void {
    const watched = taskIds.filter((taskId) => this.#byTask.has(taskId));
    if (watched.length === 0 || this.#link.isClosed) return;
    this.#failures.failed(error);
    for (const taskId of watched) this.#unread.add(taskId);
  }

  async #readAgain(): Promise<void> {
    this.#isReadingAgain = true;
    while (this.#unread.size > 0 && !this.#link.isClosed) {
      await this.#link.clock.sleep(retryMs);
      const taskIds = [...this.#unread].filter((each) => this.#byTask.has(each));
      this.#unread.clear();
      if (taskIds.length > 0) await this.#readMissed(taskIds);
    }
    this.#isReadingAgain = false;
    this.#failures.succeeded();
  }

  #tell(records: readonly (ResultRecord | undefined)[]): void {
    for (const record of records) {
      if (record === undefined) continue;
      this.#unread.delete(record.taskId);
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
