import type { ResultRecord, ResultWatch } from "@lovage/backend";
import { isPostgresError } from "@lovage/client-postgres";
import { ClosedError, Multimap, Once, rest, type Timer } from "@lovage/foundation";

import type { Database } from "./database.ts";
import { readResults } from "./read-results.ts";
import { topicCount, topicSql } from "./schema/result-functions.ts";

type Listener = (record: ResultRecord) => void;

const retryMs = 500;
/** How often is looked where there are no notifications, and for what cannot be listened for now. */
const pollMs = 500;
/** How long a group of tasks that nobody watches any more is still heard. */
const lingerMs = 10_000;

/**
 * Everybody who watches results, on one connection. What is announced only says that a task has news; the record is then read, once for all news that
 * came meanwhile.
 */
export class ResultWatches {
  readonly #database: Database;
  readonly #byTask = new Multimap<string, Listener>();
  readonly #news = new Set<string>();
  /** The group of each watched task. */
  readonly #topics = new Map<string, string>();
  /** Tasks whose group could not be listened for, because a commit in it takes long. */
  readonly #unheard = new Set<string>();
  #timer: { readonly timer: Timer; readonly isPolling: boolean } | undefined;
  /** Once for all watches; a second time would have all news read twice. */
  readonly #listening = new Once(() => this.#database.wakeUps.listen((taskId) => this.#heard(taskId)));
  #isReading = false;
  readonly #closing = new AbortController();

  constructor(database: Database) {
    this.#database = database;
    database.onRevived = () => this.#resume();
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async add(taskIds: readonly string[], listener: Listener): Promise<ResultWatch> {
    if (this.#isClosed) throw new ClosedError("The PostgreSQL backend is closed: open another one to go on.");
    // A function of our own: the same listener may watch twice.
    const hear: Listener = (record) => listener(record);
    for (const taskId of taskIds) this.#byTask.add(taskId, hear);
    const close = (): void => this.#forget(taskIds, hear);
    try {
      await this.#arm(taskIds);
      const records = await readResults(this.#database, taskIds);
      for (const record of records) if (record !== undefined && this.#byTask.get(record.taskId).has(hear)) hear(record);
    } catch (error) {
      close();
      throw error;
    }
    this.#tick();
    return { close };
  }

  /** Ends all watches. */
  close(): void {
    this.#closing.abort();
    this.#timer?.timer.cancel();
    this.#byTask.clear();
    this.#news.clear();
  }

  #forget(taskIds: readonly string[], hear: Listener): void {
    for (const taskId of taskIds) {
      if (!this.#byTask.delete(taskId, hear)) continue;
      this.#topics.delete(taskId);
      this.#unheard.delete(taskId);
    }
  }

  /** Listens for these tasks; from when it resolves all news are heard, or looked for. */
  async #arm(taskIds: readonly string[]): Promise<void> {
    if (this.#database.client.isPolling) return;
    await this.#database.guarded(() => this.#armTopics(taskIds));
  }

  async #armTopics(taskIds: readonly string[]): Promise<void> {
    const { wakeUps } = this.#database;
    await this.#listening.run();
    await this.#findTopics(taskIds.filter((taskId) => !this.#topics.has(taskId)));
    try {
      await wakeUps.arm([...new Set(taskIds.flatMap((taskId) => this.#topics.get(taskId) ?? []))]);
    } catch (error) {
      if (!isPostgresError(error) || error.kind !== "conflict") throw error;
      for (const taskId of taskIds) if (this.#byTask.has(taskId)) this.#unheard.add(taskId);
    }
  }

  /** The server tells the groups: its hash is its own. */
  async #findTopics(taskIds: readonly string[]): Promise<void> {
    if (taskIds.length === 0) return;
    const sql = `SELECT id, ${topicSql("id")} FROM unnest($1::text[]) AS id`;
    for (const [taskId = null, topic = null] of await this.#database.query(sql, [taskIds])) {
      if (taskId !== null && topic !== null && this.#byTask.has(taskId)) this.#topics.set(taskId, topic);
    }
  }

  /** After a new connection: listens again, and reads what may have been missed. */
  async #resume(): Promise<void> {
    if (this.#byTask.size === 0) return;
    await this.#arm([...this.#byTask.keys()]);
    for (const taskId of this.#byTask.keys()) this.#heard(taskId);
    this.#tick();
  }

  #heard(payload: string): void {
    // Very long ids are announced by their beginning.
    const taskIds =
      payload.length < 1_000 ? [payload] : [...this.#byTask.keys()].filter((id) => id.startsWith(payload));
    for (const taskId of taskIds) if (this.#byTask.has(taskId)) this.#news.add(taskId);
    void this.#read();
  }

  /** One at a time; news that come meanwhile are read together afterwards. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#news.size > 0 && !this.#isClosed) {
      const taskIds = [...this.#news];
      this.#news.clear();
      await this.#readOnce(taskIds);
    }
    this.#isReading = false;
  }

  async #readOnce(taskIds: readonly string[]): Promise<void> {
    const { clock, log } = this.#database;
    try {
      const records = await readResults(this.#database, taskIds);
      for (const record of records) if (record !== undefined) this.#tell(record);
    } catch (error) {
      if (this.#isClosed) return;
      log.debug("Results could not be read; it is tried again.", { error: String(error) });
      for (const taskId of taskIds) if (this.#byTask.has(taskId)) this.#news.add(taskId);
      // The sleep fails only when `close` ends it early, which is no fault: the loop that called this sees it and stops.
      await rest(clock, retryMs, this.#closing.signal);
    }
  }

  #tell(record: ResultRecord): void {
    for (const hear of this.#byTask.get(record.taskId)) hear(record);
  }

  /** Polls where it must; lets go of groups that nobody watches any more. */
  #tick(): void {
    const { client, clock } = this.#database;
    const isPolling = client.isPolling || this.#unheard.size > 0;
    if (this.#timer !== undefined && (this.#timer.isPolling || !isPolling)) return;
    this.#timer?.timer.cancel();
    const ticked = (): void => this.#ticked(isPolling);
    this.#timer = { timer: clock.timer(isPolling ? pollMs : lingerMs, ticked, { keepAlive: false }), isPolling };
  }

  #ticked(isPolling: boolean): void {
    this.#timer = undefined;
    if (this.#isClosed) return;
    if (this.#database.client.isPolling) {
      for (const taskId of this.#byTask.keys()) this.#news.add(taskId);
      void this.#read();
    } else void (isPolling ? this.#listenAgain() : this.#disarm());
    if (this.#byTask.size > 0) this.#tick();
  }

  /** For what could not be listened for; read in either case, for what came before or comes meanwhile. */
  async #listenAgain(): Promise<void> {
    const taskIds = [...this.#unheard];
    this.#unheard.clear();
    try {
      await this.#arm(taskIds);
    } catch (error) {
      this.#database.log.debug("Results are looked for again.", { error: String(error) });
      for (const taskId of taskIds) if (this.#byTask.has(taskId)) this.#unheard.add(taskId);
    }
    for (const taskId of taskIds) this.#heard(taskId);
    if (this.#unheard.size > 0) this.#tick();
  }

  async #disarm(): Promise<void> {
    const used = new Set(this.#topics.values());
    const idle = Array.from({ length: topicCount }, (_, index) => String(index)).filter((topic) => !used.has(topic));
    try {
      await this.#database.wakeUps.disarm(idle);
    } catch (error) {
      this.#database.log.debug("Groups of results are heard on.", { error: String(error) });
    }
  }
}
