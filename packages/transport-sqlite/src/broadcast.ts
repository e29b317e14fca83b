import type { SqliteClient, WakeSubscription } from "@lovage/client-sqlite";
import type { Clock, Log } from "@lovage/foundation";
import { encodeFrame, readStoredFrame } from "@lovage/lease-engine";
import type { Broadcast, Message, Subscription } from "@lovage/transport";

import { asTransport } from "./errors.ts";
import type { Statements } from "./statements.ts";

/** How long a broadcast can be read; a subscriber that is stopped for longer misses it. */
const retentionMs = 60_000;
const maxDropped = 100;
const maxRead = 1_000;

/** What broadcasts work with. The client changes when the connection is opened anew. */
export interface BroadcastContext {
  readonly client: () => SqliteClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** Broadcasts by a table of recent messages, and the wake file. */
export class SqliteBroadcast implements Broadcast {
  readonly #context: BroadcastContext;
  readonly #listeners = new Set<ChannelListener>();

  constructor(context: BroadcastContext) {
    this.#context = context;
  }

  publish(channel: string, message: Message): Promise<void> {
    const { client, clock } = this.#context;
    return asTransport(async () => {
      const { relaxed, wake } = client();
      const frame = encodeFrame(message);
      await relaxed.write(() => {
        const nowMs = clock.now();
        relaxed
          .statement("INSERT INTO lovage_broadcasts (channel, at, frame) VALUES (?, ?, ?)")
          .run(channel, nowMs, frame);
        relaxed
          .statement(
            "DELETE FROM lovage_broadcasts WHERE id IN (SELECT id FROM (SELECT id, at FROM lovage_broadcasts ORDER BY id LIMIT ?) WHERE at < ?)",
          )
          .run(maxDropped, nowMs - retentionMs);
      });
      wake.announce(topicOf(channel));
    });
  }

  subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription> {
    return asTransport(async () => {
      const one = new ChannelListener(this.#context, channel, listener);
      await one.start();
      this.#listeners.add(one);
      return {
        close: async () => {
          this.#listeners.delete(one);
          one.stop();
        },
      };
    });
  }

  /** After the connection was opened anew: listens on the new one. */
  resume(): void {
    for (const one of this.#listeners) one.resume();
  }

  /** Idempotent. */
  close(): void {
    for (const one of this.#listeners) one.stop();
    this.#listeners.clear();
  }
}

class ChannelListener {
  readonly #context: BroadcastContext;
  readonly #channel: string;
  readonly #listener: (message: Message) => void;
  #subscription: WakeSubscription | undefined;
  #lastId = 0;
  #isReading = false;
  #isStale = false;
  #isStopped = false;
  /** Since it read last the connection was opened anew, on another file perhaps. */
  #mayBeReplaced = false;

  constructor(context: BroadcastContext, channel: string, listener: (message: Message) => void) {
    this.#context = context;
    this.#channel = channel;
    this.#listener = listener;
  }

  async start(): Promise<void> {
    const { relaxed } = this.#context.client();
    this.#lastId = await relaxed.read(() => lastIdIn(relaxed));
    this.#listen();
  }

  resume(): void {
    this.#mayBeReplaced = true;
    this.#listen();
  }

  stop(): void {
    this.#isStopped = true;
    this.#subscription?.close();
  }

  #listen(): void {
    this.#subscription?.close();
    this.#subscription = this.#context.client().wake.subscribe(topicOf(this.#channel), () => void this.#read());
    void this.#read();
  }

  /** One at a time; a wake-up that comes meanwhile makes it look once more. */
  async #read(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale && !this.#isStopped) {
        this.#isStale = false;
        await this.#readOnce();
      }
    } catch (error) {
      if (!this.#isStopped) this.#context.log.warn("Broadcasts could not be read", { error: String(error) });
    } finally {
      this.#isReading = false;
    }
  }

  async #readOnce(): Promise<void> {
    const { relaxed } = this.#context.client();
    const sql = "SELECT id, channel, frame FROM lovage_broadcasts WHERE id > ? ORDER BY id LIMIT ?";
    const rows = await relaxed.read(() => {
      // The numbers of a new file begin again.
      if (this.#mayBeReplaced && lastIdIn(relaxed) < this.#lastId) this.#lastId = 0;
      this.#mayBeReplaced = false;
      return relaxed.statement(sql).all(this.#lastId, maxRead);
    });
    if (rows.length === maxRead) this.#isStale = true;
    for (const row of rows) {
      this.#lastId = Number(row["id"]);
      if (row["channel"] !== this.#channel || this.#isStopped) continue;
      this.#listener(readStoredFrame(this.#lastId, row["frame"] as Uint8Array));
    }
  }
}

function lastIdIn(db: Statements): number {
  const row = db.statement("SELECT seq FROM sqlite_sequence WHERE name = 'lovage_broadcasts'").get();
  return Number(row?.["seq"] ?? 0);
}

function topicOf(channel: string): string {
  return `broadcast:${channel}`;
}
