import { createHash } from "node:crypto";

import type { PostgresClient } from "./postgres-client.ts";
import { quoteLiteral } from "./quote-identifier.ts";

/** Each may wait for a second: many at once would look as if the server had fallen silent. */
const barriersAtOnce = 4;

/** Who wakes whom: a driver's name, and the schema in which it works. */
export interface WakeScope {
  readonly component: string;
  /** Not quoted. */
  readonly schema: string;
}

/**
 * Sleepers of one program, woken by notifications that are sent only while somebody sleeps.
 *
 * Both sides meet in two advisory locks for each topic. A sleeper shares the lock of presence for as long as it sleeps, then passes once through the barrier: it waits for
 * all announcements that were under way when it came, and only then looks a last time. Who announces shares the barrier until its commit,
 * and then tests the presence; if it finds a sleeper, or somebody at the barrier, it notifies. So whoever did not see the sleeper has committed before
 * that looks, and no wake-up is lost; while nobody sleeps, nothing is notified. Nobody who announces ever waits.
 *
 * A transaction of a user's may last, so it shares no barrier and tests the presence alone ({@link announceUncommittedSql}): it does not see who falls asleep between the test and
 * the commit. Sleepers on topics with such announcements also look by themselves, soon after they fell asleep or were woken and then less and less often.
 */
export class WakeUps {
  readonly #client: Pick<PostgresClient, "listen" | "onLifeline">;
  readonly #scope: WakeScope;
  /** By topic: what resolves once it has passed the barrier. Who comes before that must wait as long, or would look too early. */
  readonly #armed = new Map<string, Promise<void>>();

  constructor(client: Pick<PostgresClient, "listen" | "onLifeline">, scope: WakeScope) {
    this.#client = client;
    this.#scope = scope;
  }

  /** Hears the payloads of announcements for topics that are armed. @throws PostgresError (`POSTGRES_FAILED`) */
  async listen(onAnnounced: (payload: string) => void): Promise<void> {
    await this.#client.listen(channelOf(this.#scope), onAnnounced);
  }

  /** After a new connection for notifications was made: what the old one held is gone. */
  forget(): void {
    this.#armed.clear();
  }

  /** Also while somebody is arming it. */
  isArmed(topic: string): boolean {
    return this.#armed.has(topic);
  }

  /** Resolves once everything announced from now on is heard: look again then. @throws PostgresError (`POSTGRES_FAILED`) */
  async arm(topics: readonly string[]): Promise<void> {
    const missing = topics.filter((topic) => !this.#armed.has(topic));
    if (missing.length > 0) {
      const passing = this.#pass(missing).catch(async (error: unknown) => {
        // Unless the connection was replaced meanwhile: those that are armed there are not ours.
        await this.disarm(missing.filter((topic) => this.#armed.get(topic) === passing));
        throw error;
      });
      for (const topic of missing) this.#armed.set(topic, passing);
    }
    await Promise.all(topics.flatMap((topic) => this.#armed.get(topic) ?? []));
  }

  async #pass(topics: readonly string[]): Promise<void> {
    const locks = topics.map((topic) => locksOf(this.#scope, quoteLiteral(topic)));
    await this.#client.onLifeline(locks.map(([presence]) => `SELECT pg_advisory_lock_shared(${presence})`).join(";"));
    const passages = locks.map(
      ([, barrier]) => `SELECT pg_advisory_lock(${barrier}); SELECT pg_advisory_unlock(${barrier})`,
    );
    for (let from = 0; from < passages.length; from += barriersAtOnce)
      await this.#client.onLifeline(passages.slice(from, from + barriersAtOnce).join(";"));
  }

  /** No longer asleep: announcements need not notify. @throws PostgresError (`POSTGRES_FAILED`) */
  async disarm(topics: readonly string[]): Promise<void> {
    const armed = topics.filter((topic) => this.#armed.delete(topic));
    if (armed.length === 0) return;
    const unlock = (topic: string): string =>
      `SELECT pg_advisory_unlock_shared(${locksOf(this.#scope, quoteLiteral(topic))[0]})`;
    await this.#client.onLifeline(armed.map((topic) => unlock(topic)).join(";"));
  }
}

/**
 * Statements of a function's body that announce a topic in the present transaction.
 * @param topic An expression of SQL.
 * @param payload What sleepers are told, another one. @default the topic
 */
export function announceSql(scope: WakeScope, topic: string, payload: string = topic): string {
  const [presence, barrier] = locksOf(scope, topic);
  const notify = notifySql(scope, payload);
  return `IF pg_try_advisory_xact_lock_shared(${barrier}) THEN
      IF pg_try_advisory_lock(${presence}) THEN
        PERFORM pg_advisory_unlock(${presence});
      -- Somebody else may have tested at the same moment.
      ELSIF pg_try_advisory_lock(${presence}) THEN
        PERFORM pg_advisory_unlock(${presence});
      ELSE
        ${notify}
      END IF;
    ELSE
      ${notify}
    END IF;`;
}

/**
 * As {@link announceSql}, for transactions that may last: whoever waits at the barrier must not wait for them. Who falls asleep before the commit finds the message by a look of its
 * own. A notification that nobody needs would be dear: each is written under a lock of the whole database that is held to the end of the commit, so that such commits are made
 * one by one, each with its own wait for the disk.
 */
export function announceUncommittedSql(scope: WakeScope, topic: string, payload: string = topic): string {
  const [presence] = locksOf(scope, topic);
  // One expression, which cannot be cancelled midway: a lock of the session would outlast the user's transaction.
  const isAbsent = `(CASE WHEN pg_try_advisory_lock(${presence}) THEN pg_advisory_unlock(${presence}) ELSE false END)`;
  // Twice, since somebody else may have tested at the same moment.
  return `IF NOT ${isAbsent} AND NOT ${isAbsent} THEN
      ${notifySql(scope, payload)}
    END IF;`;
}

/** A statement that tells all who listen, whether they sleep or not. */
export function notifySql(scope: WakeScope, payload: string): string {
  return `PERFORM pg_notify(${quoteLiteral(channelOf(scope))}, ${payload});`;
}

/** Fixed by the two names, and an identifier that needs no quotes. */
function channelOf({ component, schema }: WakeScope): string {
  return `lovage_${createHash("sha1").update(`${component}/${schema}`).digest("hex").slice(0, 24)}`;
}

type Locks = readonly [presence: string, barrier: string];

function locksOf({ component, schema }: WakeScope, topic: string): Locks {
  const key = (use: string): string =>
    `hashtextextended(${quoteLiteral(`lovage/${component}/${schema}/${use}/`)} || ${topic}, 0)`;
  return [key("presence"), key("barrier")];
}
