import { callerTransaction } from "@lovage/client-postgres";
import { abortable, ClosedError, formatDuration, type StoreSchema } from "@lovage/foundation";
import {
  PublishTimeoutError,
  TransactionUnsupportedError,
  type Broadcast,
  type Capabilities,
  type CloseOptions,
  type Connection,
  type ConnectionState,
  type Consumer,
  type ConsumeOptions,
  type OutgoingMessage,
  type PublishOptions,
  type QueueAdmin,
  type QueueCapabilities,
  type Topology,
} from "@lovage/transport";

import type { Database } from "./database.ts";
import { Destinations } from "./destinations.ts";
import { checkBatch, enqueueValues } from "./enqueue.ts";
import { asCommit, asTransport } from "./errors.ts";
import type { InboxSweeper } from "./inbox/inbox-sweeper.ts";
import { InboxedConsumer } from "./inbox/inboxed-consumer.ts";
import { transactOnce } from "./inbox/transact-once.ts";
import { outboxAdmin, type OutboxAdmin } from "./outbox-admin.ts";
import type { Relay } from "./relay/relay.ts";

/** A broker's connection with an outbox before it, and an inbox behind it. */
export interface OutboxConnection extends Connection {
  readonly outbox: OutboxAdmin;
}

/** What a connection is made of. */
export interface OutboxConnectionOptions {
  readonly inner: Connection;
  readonly database: Database;
  readonly schema: StoreSchema;
  /** Absent in a program that leaves publishing to others. */
  readonly relay?: Relay | undefined;
  /** For such a program, once it consumes. */
  readonly sweeper?: InboxSweeper | undefined;
}

/** Time for what a relay has just published to be written down, also in a close without grace. */
const leastGraceMs = 500;

/** Passes everything on to the broker but what has to do with transactions. */
export class OutboxedConnection implements OutboxConnection {
  readonly outbox: OutboxAdmin;
  readonly schema: StoreSchema;
  readonly broadcast?: Broadcast;
  readonly serverTimeMs?: () => Promise<number>;
  readonly #options: OutboxConnectionOptions;
  readonly #destinations = new Destinations();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: OutboxConnectionOptions) {
    this.#options = options;
    this.schema = options.schema;
    const { inner } = options;
    if (inner.broadcast !== undefined) this.broadcast = inner.broadcast;
    // Messages expire by the clock of their broker, not by that of this database.
    if (inner.serverTimeMs !== undefined) this.serverTimeMs = inner.serverTimeMs.bind(inner);
    this.outbox = outboxAdmin(options.database);
  }

  get capabilities(): Capabilities {
    return { ...this.#options.inner.capabilities, transactions: takes };
  }

  get state(): ConnectionState {
    return this.#options.inner.state;
  }

  get isRepeating(): boolean {
    return this.#options.inner.isRepeating ?? false;
  }

  get admin(): QueueAdmin {
    return this.#options.inner.admin;
  }

  capabilitiesOf(queue: string): QueueCapabilities {
    return this.#options.inner.capabilitiesOf(queue);
  }

  async declare(topology: Topology): Promise<void> {
    await this.#requireTables();
    await this.#options.inner.declare(topology);
    this.#destinations.remember(topology);
  }

  publish(batch: readonly OutgoingMessage[], options: PublishOptions = {}): Promise<void> {
    const { transaction, ...rest } = options;
    if (transaction === undefined) return this.#options.inner.publish(batch, rest);
    return this.#publishIn(transaction, batch, rest.timeoutMs);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    const { inner: connection, database, sweeper } = this.#options;
    await this.#requireTables();
    const consumer = await InboxedConsumer.open(options, {
      connection,
      database,
      closing: this.#closing.signal,
      transactOnce: (delivery, work) =>
        transactOnce(delivery, work, { database, prepare: (followUps) => this.#prepare(followUps) }),
    });
    sweeper?.start();
    return consumer;
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing.abort();
    this.#options.sweeper?.close();
    return (this.#closed ??= this.#close(options));
  }

  async #close(options: CloseOptions): Promise<void> {
    const { inner, relay, database } = this.#options;
    const graceMs = Math.max(options.graceMs ?? 0, leastGraceMs);
    await Promise.all([inner.close(options), relay?.close(graceMs)]);
    await database.client.close();
  }

  async #publishIn(transaction: unknown, batch: readonly OutgoingMessage[], timeoutMs = 30_000): Promise<void> {
    const { database } = this.#options;
    const { client, statements, clock, place } = database;
    if (this.#closing.signal.aborted) throw new ClosedError("The outbox is closed.");
    const run = callerTransaction(transaction, {
      where: client.where,
      refuse: (reason) => {
        place.forget();
        return new TransactionUnsupportedError(`Nothing was published: ${reason}.`);
      },
    });
    const messages = this.#check(batch);
    if (messages.length === 0) return;
    const reason = new PublishTimeoutError(
      `The database of the outbox did not answer within ${formatDuration(timeoutMs)}; roll the transaction back.`,
    );
    const deadline = clock.deadline(timeoutMs, { reason });
    try {
      await abortable(this.#record(messages), deadline.signal);
      await abortable(
        asCommit(async () => await run(statements.enqueue, [...enqueueValues(messages), await place.name()])),
        deadline.signal,
      );
    } finally {
      deadline.cancel();
    }
  }

  /** @throws SCHEMA_VERSION, TRANSPORT_UNAVAILABLE */
  async #requireTables(): Promise<void> {
    const { client, tables } = this.#options.database;
    await asTransport(() => tables.require(client));
  }

  async #prepare(followUps: readonly OutgoingMessage[]): Promise<readonly OutgoingMessage[]> {
    const messages = this.#check(followUps);
    await this.#record(messages);
    return messages;
  }

  /** Refuses what cannot be sent, and gives what is to be written. Bindings that no broker keeps are known to this program alone, not to relays in others. */
  #check(batch: readonly OutgoingMessage[]): readonly OutgoingMessage[] {
    const { inner } = this.#options;
    const messages = inner.capabilities.exchanges === "app" ? this.#destinations.route(batch) : batch;
    checkBatch(messages, inner, this.#destinations);
    return messages;
  }

  #record(batch: readonly OutgoingMessage[]): Promise<void> {
    const addresses = batch.map(({ to }) => to);
    return this.#destinations.record(this.#options.database, addresses);
  }
}

const takes =
  "a client of pg with an open transaction on the database of the outbox, or an object with query(text, values)";
