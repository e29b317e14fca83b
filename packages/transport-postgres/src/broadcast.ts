import { createHash } from "node:crypto";

import { defineStatement } from "@lovage/client-postgres";
import { Multimap, Once, Turns, type Log } from "@lovage/foundation";
import { encodeFrame } from "@lovage/lease-engine";
import type { Broadcast, Message, Subscription } from "@lovage/transport";

import type { Database } from "./database.ts";
import { asTransport } from "./errors.ts";
import { readMessage } from "./read-message.ts";

/** A notification holds less than 8 000 bytes; a third of that goes to base64 and the channel's name. */
const maxInlineBytes = 5_500;

interface Listener {
  readonly hear: (message: Message) => void;
}

/** Broadcasts by NOTIFY; a message that is too large for it lies in a table, and its number is notified. */
export class PostgresBroadcast implements Broadcast {
  readonly #database: Database;
  readonly #log: Log;
  readonly #listeners = new Multimap<string, Listener>();
  readonly #turns = new Turns();
  #hearing: Promise<unknown> = Promise.resolve();
  /** Once for all subscriptions; a second time would bring each message twice. */
  readonly #listening = new Once(() =>
    this.#database.client().listen(this.#pgChannel, (payload) => this.#heard(payload)),
  );

  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** One after the other, so that order is kept. */
  publish(channel: string, message: Message): Promise<void> {
    return this.#turns.take(() => asTransport(() => this.#send(channel, message)));
  }

  subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription> {
    return asTransport(async () => {
      await this.#listening.run();
      // The same function may listen twice.
      const own = { hear: listener };
      this.#listeners.add(channel, own);
      return { close: async () => void this.#listeners.delete(channel, own) };
    });
  }

  get #pgChannel(): string {
    return `lovage_${createHash("sha1").update(`broadcast/${this.#database.statements.schema}`).digest("hex").slice(0, 24)}`;
  }

  async #send(channel: string, message: Message): Promise<void> {
    const frame = Buffer.from(encodeFrame(message));
    const { client, statements } = this.#database;
    const { schema } = statements;
    if (frame.byteLength <= maxInlineBytes) {
      const payload = `${channel}\n=${frame.toString("base64")}`;
      await client().query(defineStatement("SELECT pg_notify($1, $2)"), [this.#pgChannel, payload]);
      return;
    }
    const statement = defineStatement(
      `WITH old AS (DELETE FROM ${schema}.broadcasts WHERE id = ANY(ARRAY(
              SELECT id FROM (SELECT id, at FROM ${schema}.broadcasts ORDER BY id LIMIT 100) oldest WHERE at < clock_timestamp() - interval '1 minute'))),
            new AS (INSERT INTO ${schema}.broadcasts (frame) VALUES ($3) RETURNING id)
       SELECT pg_notify($1, $2 || new.id) FROM new`,
    );
    await client().query(statement, [this.#pgChannel, `${channel}\n#`, frame]);
  }

  #heard(payload: string): void {
    const end = payload.indexOf("\n");
    const channel = payload.slice(0, end);
    if (!this.#listeners.has(channel)) return;
    this.#hearing = this.#hearing.then(() => this.#deliver(channel, payload.slice(end + 1)));
  }

  async #deliver(channel: string, content: string): Promise<void> {
    try {
      const hex = content.startsWith("=")
        ? `\\x${Buffer.from(content.slice(1), "base64").toString("hex")}`
        : await this.#fetch(content.slice(1));
      if (hex === undefined) return;
      const message = readMessage(0, hex);
      this.#listeners.get(channel).forEach(({ hear }) => hear(message));
    } catch (error) {
      this.#log.warn("A broadcast could not be read.", { channel, error: String(error) });
    }
  }

  async #fetch(id: string): Promise<string | undefined> {
    const { client, statements } = this.#database;
    const statement = defineStatement(`SELECT frame FROM ${statements.schema}.broadcasts WHERE id = $1::bigint`);
    const [[frame] = []] = await client().query(statement, [id], { repeatable: true });
    return frame ?? undefined;
  }
}
