import { randomUUID } from "node:crypto";

import { isPostgresError, WakeUps } from "@lovage/client-postgres";
import { backOff, hasCode, isLovageError, maskSecrets, within, rest } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";

import type { Database } from "../database.ts";
import type { OutboxSettings } from "../options.ts";
import { KnownTopologies } from "./known-topologies.ts";
import { LeaderSleep } from "./leader-sleep.ts";
import { publishRows, type OutboxRow, type PublishOutcome, type RowKey } from "./publish-rows.ts";

/** What a relay works with. */
export interface RelayOptions {
  readonly database: Database;
  readonly connection: Connection;
  readonly settings: OutboxSettings;
}

const waits = { baseMs: 100, maxMs: 5_000, jitter: "equal" } as const;
/** One publication holds no more of what is in the database in memory. */
const maxBatchBytes = 4 * 1024 * 1024;
const publishTimeoutMs = 10_000;
/** With about ten minutes between the last of them: two hours. */
const maxAttempts = 20;
/** How often a leader looks in the end that is not told of anything. */
const fallbackMs = 2_000;
const pollingMs = 500;
const sweepEveryMs = 60_000;
const sweepMax = 1_000;

/**
 * Publishes what was committed, in order, a batch at a time, and deletes it once the broker has accepted it. Of all relays on one schema one leads; the others look
 * whether it still does. A relay that dies between the two, or cannot know whether the broker has accepted, publishes second copies.
 *
 * | state | left by |
 * |---|---|
 * | following | the leader's time has passed |
 * | leading | the database or the broker fails, `close` |
 * | waiting after a failure | the wait is over |
 * | closed | never |
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #holder = randomUUID();
  readonly #topologies: KnownTopologies;
  readonly #wakeUps: WakeUps;
  readonly #sleep: LeaderSleep;
  readonly #closing = new AbortController();
  /** What the broker has, and the database does not know of yet; no more than one batch. */
  #outcome: PublishOutcome | undefined;
  #sweptAtMs = -Infinity;
  /** Rows in a publication: fewer after one that took too long, which would be repeated for ever otherwise. */
  #batch: number;
  #isLeading = false;
  /** The connection for notifications is gone, or the tables are. */
  #isLost = false;
  #wake = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#batch = options.settings.batch;
    const { connection, database, settings } = options;
    this.#topologies = new KnownTopologies(connection, database);
    this.#wakeUps = new WakeUps(database.client, { component: "outbox", schema: settings.target.schema });
    this.#sleep = new LeaderSleep(this.#wakeUps, database.log);
  }

  /** Resolves once it hears of new calls. @throws PostgresError (`POSTGRES_FAILED`) */
  async start(): Promise<void> {
    // New calls are the leader's, a lead that is free is for those who follow.
    await this.#wakeUps.listen((payload) => {
      if (this.#isLeading !== (payload === "calls")) return;
      this.#sleep.woken();
      this.#wake.abort();
    });
    this.#loop = this.#run();
  }

  /** The connection for notifications has ended. */
  lost(): void {
    this.#isLost = true;
    this.#sleep.forget();
    this.#wake.abort();
  }

  /** Finishes the batch under way, for so long at most, and lets another relay lead. Idempotent. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    if (this.#loop !== undefined) await within(this.#options.database.clock, graceMs, this.#loop);
  }

  async #run(): Promise<void> {
    const { log } = this.#options.database;
    for (let failures = 0; !this.#closing.signal.aborted;) {
      // What is told from now on ends the next wait at once.
      this.#wake = new AbortController();
      try {
        const waitMs = await this.#turn();
        failures = 0;
        if (waitMs > 0) await this.#rest(waitMs, this.#wake.signal);
      } catch (error) {
        failures += 1;
        if (isPostgresError(error) && error.kind === "missing") this.#isLost = true;
        const text = "The outbox cannot be relayed now; what is in it stays, and it is tried again.";
        if (!this.#closing.signal.aborted) log[failures % 20 === 2 ? "warn" : "debug"](text, { error });
        await this.#rest(backOff(waits, failures - 1), this.#closing.signal);
      }
    }
    await this.#resign();
  }

  /** Gives for how long there is nothing to do. */
  async #turn(): Promise<number> {
    const { database, settings } = this.#options;
    const { client, statements, tables } = database;
    await this.#connect();
    await tables.require(client);
    if (this.#outcome !== undefined) await this.#settle(this.#outcome);
    const values = [this.#holder, settings.leadMs, this.#batch, maxBatchBytes];
    const rows = await client.query(statements.take, values, { repeatable: true });
    const [, , , nextMs = null, , leads] = rows.at(-1) ?? [];
    this.#isLeading = leads === "1";
    if (!this.#isLeading) {
      await this.#sleep.end();
      return Math.min(Number(nextMs ?? 0) + 50, settings.leadMs);
    }
    const messages = rows.slice(0, -1).map(rowOf);
    if (messages.length > 0) await this.#publish(messages);
    // Also behind a batch: where there is always another one, nothing would ever be removed.
    const isMoreToSweep = await this.#sweep();
    if (messages.length > 0 || isMoreToSweep) return 0;
    return await this.#fallAsleep(nextMs === null ? Infinity : Math.max(1, Number(nextMs)));
  }

  /** Gives for how long to sleep, where there is something to do in so many ms. */
  async #fallAsleep(nextMs: number): Promise<number> {
    const { database, settings } = this.#options;
    const { isPolling } = database.client;
    if (!isPolling && (await this.#sleep.begin())) return 0;
    const lookMs = this.#sleep.nextLookMs(Math.min(isPolling ? pollingMs : fallbackMs, settings.leadMs / 3));
    return Math.min(lookMs, nextMs);
  }

  /** Comes back after a loss; a server that has come back empty gets its tables again. */
  async #connect(): Promise<void> {
    if (!this.#isLost) return;
    const { client, tables } = this.#options.database;
    // Before it begins: a loss that is told meanwhile is another one.
    this.#isLost = false;
    try {
      await client.revive();
      await tables.open(client);
    } catch (error) {
      this.#isLost = true;
      throw error;
    }
  }

  async #publish(rows: readonly OutboxRow[]): Promise<void> {
    const { connection } = this.#options;
    await this.#sleep.found();
    const keeper = this.#keepLead();
    try {
      this.#outcome = await publishRows(rows, {
        connection,
        topologies: this.#topologies,
        copy: randomUUID(),
        timeoutMs: publishTimeoutMs,
      });
      await this.#settle(this.#outcome);
    } finally {
      keeper.cancel();
    }
  }

  async #settle(outcome: PublishOutcome): Promise<void> {
    const { client, statements, log } = this.#options.database;
    const { accepted, refused, failure } = outcome;
    const refusals = refused.toSorted((a, b) => a.row.id - b.row.id);
    const texts = refusals.map(({ error }) => describe(error));
    for (const [index, { row }] of refusals.entries()) {
      log.warn("The broker does not take a call from the outbox; it is tried again later.", {
        id: row.id,
        error: texts[index],
      });
    }
    const deletions = accepted.toSorted((a, b) => a.id - b.id);
    const values = [...keys(deletions), ...keys(refusals.map(({ row }) => row)), texts, maxAttempts];
    const [[failed] = []] = await client.query(statements.settle, values, { repeatable: true });
    this.#outcome = undefined;
    if (Number(failed ?? 0) > 0) {
      log.error("Calls in the outbox have failed for good; see `outbox.failed()`.", { count: Number(failed) });
    }
    const { batch } = this.#options.settings;
    this.#batch = hasCode(failure, "PUBLISH_TIMEOUT")
      ? Math.max(1, Math.floor(this.#batch / 2))
      : Math.min(batch, this.#batch * 2);
    if (failure === undefined) return;
    // Another relay may reach the broker.
    await this.#resign();
    throw failure;
  }

  /** Renews the lead while a publication takes its time. Should it be lost all the same, the worst is second copies. */
  #keepLead(): { cancel(): void } {
    const { database, settings } = this.#options;
    const { client, statements, clock, log } = database;
    const renew = (): void => {
      timer = clock.timer(settings.leadMs / 3, renew, { keepAlive: false });
      client
        .query(statements.renew, [this.#holder, settings.leadMs], { repeatable: true })
        .catch((error: unknown) => log.debug("The lead of the outbox was not renewed.", { error: String(error) }));
    };
    let timer = clock.timer(settings.leadMs / 3, renew, { keepAlive: false });
    return { cancel: () => timer.cancel() };
  }

  async #sweep(): Promise<boolean> {
    const { database, settings } = this.#options;
    const { client, statements, clock } = database;
    if (clock.monotonic() - this.#sweptAtMs < sweepEveryMs) return false;
    // Before it begins: one that fails waits for its next time, so that it does not hold up calls.
    this.#sweptAtMs = clock.monotonic();
    const values = [settings.failedRetentionMs, settings.inboxRetentionMs, sweepMax];
    const [[swept] = []] = await client.query(statements.sweep, values, { repeatable: true });
    const isMore = Number(swept ?? 0) >= sweepMax;
    if (isMore) this.#sweptAtMs = -Infinity;
    return isMore;
  }

  async #resign(): Promise<void> {
    this.#isLeading = false;
    await this.#sleep.end();
    const { client, statements, log } = this.#options.database;
    try {
      await client.query(statements.resign, [this.#holder], { repeatable: true });
    } catch (error) {
      log.debug("The lead of the outbox ends by itself.", { error: String(error) });
    }
  }

  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    // Ended early by the signal alone: there is something to do.
    await rest(this.#options.database.clock, ms, signal);
  }
}

function rowOf([id, since, destination, inMs, atMs, , frame]: readonly (string | null)[]): OutboxRow {
  return {
    id: Number(id),
    sinceMs: Number(since),
    destination: destination ?? "",
    inMs: inMs === null || inMs === undefined ? null : Number(inMs),
    atMs: atMs === null || atMs === undefined ? null : Number(atMs),
    frame: frame ?? "",
  };
}

function keys(rows: readonly RowKey[]): readonly [ids: string, since: string] {
  return [`{${rows.map(({ id }) => id).join(",")}}`, `{${rows.map(({ sinceMs }) => sinceMs).join(",")}}`];
}

function describe(error: unknown): string {
  const text = isLovageError(error) ? `${error.code}: ${error.message}` : String(error);
  // PostgreSQL has no text with a zero character in it.
  return maskSecrets(text).slice(0, 2_000).replaceAll("\0", "\uFFFD");
}
