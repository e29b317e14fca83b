import { randomUUID } from "node:crypto";
import { isLovageError, silentLog, systemClock } from "@lovage/foundation";
import { redisTransport, type RedisTransportOpening } from "@lovage/transport-redis";
import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { eventually } from "../processes/eventually.ts";

/** What became of a load. */
export interface LoadVerdict {
  readonly accepted: number;
  /** Accepted and never handled. */
  readonly lost: number;
  /** Handled again after an acknowledgement had resolved. */
  readonly doubledAfterAck: number;
  /** Started more than once. */
  readonly redelivered: number;
  /** Codes of publishes that did not resolve, with how often. */
  readonly refusals: Readonly<Record<string, number>>;
}

const patienceMs = 60_000;

/** Producers that publish one message after the other, and a consumer that hands each on to a second queue and acknowledges it, in this process. */
export class TransportLoad implements AsyncDisposable {
  readonly queue = `load-${randomUUID()}`;
  readonly #next = `${this.queue}-next`;
  readonly #connections: Connection[] = [];
  readonly #accepted = new Set<string>();
  readonly #starts = new Map<string, number>();
  readonly #acked = new Set<string>();
  readonly #arrived = new Set<string>();
  readonly #refusals: Record<string, number> = {};
  #doubledAfterAck = 0;
  #lastAtMs = 0;
  #isProducing = true;
  #producers: Promise<unknown> = Promise.resolve();

  /** Opens a producer's and a worker's connection, and begins. */
  static async start(opening: RedisTransportOpening, producers = 20): Promise<TransportLoad> {
    const load = new TransportLoad();
    const open = async (): Promise<Connection> => {
      const connection = await redisTransport({ lease: 3_000, sweep: 500, log: silentLog, ...opening });
      load.#connections.push(connection);
      await connection.declare({ queues: [{ name: load.queue }, { name: load.#next }] });
      return connection;
    };
    const [producer, worker] = [await open(), await open()];
    const onDelivery = (delivery: Delivery): void => void load.#handle(delivery);
    await worker.consume({ queue: load.queue, prefetch: 50, maxDeliveries: 100, onDelivery });
    await worker.consume({
      queue: load.#next,
      prefetch: 50,
      maxDeliveries: 100,
      onDelivery: (delivery) => void load.#arrive(delivery),
    });
    load.#producers = Promise.all(Array.from({ length: producers }, () => load.#produce(producer)));
    return load;
  }

  /** How many messages have come through so far. */
  get handled(): number {
    return this.#arrived.size;
  }

  /** Resolves when so many more messages have come through than now. @returns after how many ms the first of them was there */
  async goesOn(count = 50): Promise<number> {
    const [before, fromMs] = [this.handled, systemClock.monotonic()];
    await eventually(() => this.handled > before, { what: "a message that comes through", withinMs: patienceMs });
    const firstMs = systemClock.monotonic() - fromMs;
    await eventually(() => this.handled >= before + count, {
      what: `${count} messages that come through`,
      withinMs: patienceMs,
    });
    return firstMs;
  }

  /** Resolves when so many publishes were refused with this code, and all that was accepted has come through meanwhile. */
  async refuses(code: string, count: number): Promise<void> {
    const isSo = (): boolean => (this.#refusals[code] ?? 0) >= count && this.#missing() === 0;
    await eventually(isSo, { what: `${count} refusals with ${code} and an empty queue`, withinMs: patienceMs });
  }

  /** Ends the producers and waits until what was accepted has come through, or nothing has come for a while. */
  async finish(): Promise<LoadVerdict> {
    this.#isProducing = false;
    await this.#producers;
    const isQuiet = (): boolean => systemClock.monotonic() - this.#lastAtMs > 10_000;
    await eventually(() => this.#missing() === 0 || isQuiet(), { what: "an end of the load", withinMs: patienceMs });
    return {
      accepted: this.#accepted.size,
      lost: this.#missing(),
      doubledAfterAck: this.#doubledAfterAck,
      redelivered: [...this.#starts.values()].filter((count) => count > 1).length,
      refusals: this.#refusals,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isProducing = false;
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.#producers;
  }

  #missing(): number {
    return [...this.#accepted].filter((id) => !this.#arrived.has(id)).length;
  }

  async #produce(connection: Connection): Promise<void> {
    while (this.#isProducing) {
      const id = randomUUID();
      try {
        await connection.publish([messageTo(this.queue, id)]);
        this.#accepted.add(id);
      } catch (error) {
        const code = isLovageError(error) ? error.code : String(error);
        this.#refusals[code] = (this.#refusals[code] ?? 0) + 1;
        if (code === "CLOSED") return;
      }
      await systemClock.sleep(5);
    }
  }

  async #handle(delivery: Delivery): Promise<void> {
    const id = delivery.message.properties.messageId;
    if (this.#acked.has(id)) this.#doubledAfterAck += 1;
    this.#starts.set(id, (this.#starts.get(id) ?? 0) + 1);
    try {
      await delivery.ack([messageTo(this.#next, id)]);
      this.#acked.add(id);
    } catch (error) {
      // It comes again; an error that is not ours is a fault of the test.
      if (!isLovageError(error)) throw error;
    }
  }

  async #arrive(delivery: Delivery): Promise<void> {
    this.#arrived.add(delivery.message.properties.messageId);
    this.#lastAtMs = systemClock.monotonic();
    await delivery.ack().catch((error: unknown) => {
      // As above.
      if (!isLovageError(error)) throw error;
    });
  }
}

function messageTo(to: string, messageId: string): OutgoingMessage {
  const properties = { messageId, contentType: "application/json", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from("[]") };
}
