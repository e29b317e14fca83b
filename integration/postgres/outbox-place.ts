import { openOutbox, type OutboxConnection, type OutboxOptions } from "@lovage/outbox-postgres";
import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { memoryTransport } from "@lovage/transport-memory";
import { onTestFinished } from "vitest";
import { beginOn } from "../drivers/postgres/begin-on.ts";

let places = 0;

/** One test's broker, in memory, and the schema of its outboxes. */
export class OutboxPlace {
  readonly schema: string;
  /** Of the database. */
  readonly url: string;

  constructor(url: string) {
    places += 1;
    this.schema = `outbox${places}`;
    this.url = url;
  }

  /** A further connection to the broker. */
  openBroker(): Promise<Connection> {
    return memoryTransport({ name: this.schema, lease: 1_000, sweep: 100 });
  }

  /** An outbox before it, with the queue `q`. It is closed after the test. */
  async open(
    options: OutboxOptions = {},
    change: (broker: Connection) => Connection = (broker) => broker,
  ): Promise<OutboxConnection> {
    const broker = change(await this.openBroker());
    const outbox = await openOutbox({ broker, url: this.url, schema: this.schema, lead: "1s", ...options });
    onTestFinished(() => outbox.close());
    await outbox.declare({ queues: [{ name: "q" }] });
    return outbox;
  }

  /** Publishes in a transaction that is committed. */
  async enqueue(outbox: Connection, ...messages: readonly OutgoingMessage[]): Promise<void> {
    const { transaction, commit, rollback } = await beginOn(this.url);
    try {
      await outbox.publish(messages, { transaction });
    } catch (error) {
      await rollback();
      throw error;
    }
    await commit();
  }
}

/** A message to the queue `q`. */
export function message(id: string, rest: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to: "q", headers: {}, properties, body: Buffer.from(id), ...rest };
}

/** Acknowledges what comes, and keeps its ids. */
export async function collect(connection: Connection, queue = "q"): Promise<readonly string[]> {
  const ids: string[] = [];
  const onDelivery = (delivery: Delivery): void => {
    ids.push(delivery.message.properties.messageId);
    delivery.ack().catch(() => ids.push("not acknowledged"));
  };
  await connection.consume({ queue, prefetch: 50, onDelivery });
  return ids;
}

/** A connection whose `publish` is another. */
export function publishingBy(inner: Connection, publish: Connection["publish"]): Connection {
  return new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = name === "publish" ? publish : Reflect.get(target, name, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
