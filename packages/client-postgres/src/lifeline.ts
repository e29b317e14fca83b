import { translateErrors, Turns } from "@lovage/foundation";
import type { Clock, Log, Timer } from "@lovage/foundation";
import type { Client } from "pg";

import { PostgresError, toPostgresError } from "./postgres-error.ts";

/** What a {@link Lifeline} works with. */
export interface LifelineOptions {
  /** Connected already; used by nobody else. */
  readonly client: Client;
  /** Lets go of the client, whatever it is doing. */
  readonly dispose: () => void;
  readonly where: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of everything that is notified on channels that were listened to. Must not throw. */
  readonly onNotification: (channel: string, payload: string) => void;
  /** Told once when the connection is gone, or silent. Not called by `close`. */
  readonly onLost: (cause: PostgresError, isSilent: boolean) => void;
}

/** Called with the payload of a notification. Must not throw. */
export type ChannelListener = (payload: string) => void;

const heartbeatMs = 5_000;
const patienceMs = 5_000;

/**
 * One connection that is kept for notifications and advisory locks, and whose heartbeat finds a server that is gone without a word.
 *
 * | state | left by |
 * |---|---|
 * | open | the end of the connection, a heartbeat without an answer, `close` |
 * | ended | never |
 */
export class Lifeline {
  readonly #options: LifelineOptions;
  #timer: Timer | undefined;
  readonly #turns = new Turns();
  /** By the monotonic clock: when the server gave its last answer, to whatever. */
  #answeredAtMs: number;
  #isEnded = false;

  constructor(options: LifelineOptions) {
    this.#options = options;
    const { client, where, clock } = options;
    this.#answeredAtMs = clock.monotonic();
    client.on("notification", ({ channel, payload = "" }) => options.onNotification(channel, payload));
    client.on("error", (error) => this.#lose(toPostgresError(error, where)));
    client.on("end", () =>
      this.#lose(new PostgresError(`PostgreSQL at ${where} has ended the connection.`, { kind: "broken" })),
    );
    this.#beat();
  }

  get client(): Client {
    return this.#options.client;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Runs statements, one call after the other. @throws PostgresError (`POSTGRES_FAILED`) */
  async run(text: string, values?: readonly string[]): Promise<unknown> {
    const { client, where, clock } = this.#options;
    const query = async (): Promise<unknown> => {
      if (this.#isEnded)
        throw new PostgresError(`PostgreSQL at ${where}: the connection has ended.`, { kind: "unavailable" });
      try {
        return await client.query(text, values === undefined ? undefined : [...values]);
      } finally {
        this.#answeredAtMs = clock.monotonic();
      }
    };
    return await translateErrors(
      () => this.#turns.take(query),
      (error) => toPostgresError(error, where),
    );
  }

  /** Ends the connection. Idempotent. */
  close(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer?.cancel();
    this.#options.dispose();
  }

  #lose(cause: PostgresError, isSilent = false): void {
    if (this.#isEnded) return;
    this.close();
    this.#options.onLost(cause, isSilent);
  }

  #beat(): void {
    if (this.#isEnded) return;
    this.#timer = this.#options.clock.timer(heartbeatMs, () => void this.#ping(), { keepAlive: false });
  }

  async #ping(): Promise<void> {
    const { log } = this.#options;
    this.#watchSilence(patienceMs);
    try {
      await this.run("SELECT 1");
    } catch (error) {
      // The end of the connection is told by its own event; any other answer is one.
      log.debug("PostgreSQL refused a heartbeat.", { error: String(error) });
    }
    this.#timer?.cancel();
    this.#beat();
  }

  /** Statements in line before the heartbeat may wait for locks: their answers are signs of life as well. */
  #watchSilence(ms: number): void {
    const { clock, where } = this.#options;
    const look = (): void => {
      const silentMs = clock.monotonic() - this.#answeredAtMs;
      if (silentMs < patienceMs) return this.#watchSilence(patienceMs - silentMs);
      this.#lose(new PostgresError(`PostgreSQL at ${where} does not answer.`, { kind: "broken" }), true);
    };
    this.#timer = clock.timer(ms, look, { keepAlive: false });
  }
}
