import {
  applySchema,
  openSqlite,
  planSchema,
  type SchemaRefusal,
  type SqliteClient,
  type Synchronous,
  type WakeSubscription,
} from "@lovage/client-sqlite";
import type { Clock, Log, SchemaPlan, StoreSchema, Timer } from "@lovage/foundation";
import { SchemaVersionError } from "@lovage/foundation";
import type {
  BindingStore,
  Claim,
  ClaimRequest,
  Lease,
  LeaseStore,
  RoutedMessage,
  Settlement,
  StoreEvents,
  StoreFacts,
  SweepOutcome,
  SweepRequest,
  Unrenewed,
} from "@lovage/lease-engine";
import { TransportUnavailableError, type QueueAdmin, type QueueDeclaration } from "@lovage/transport";

import { SqliteAdmin } from "./admin.ts";
import { sqliteBindings } from "./bindings.ts";
import { SqliteBroadcast } from "./broadcast.ts";
import { sqliteCapabilities } from "./capabilities.ts";
import { claimMessages, suspectsWait, type TurnByQueue } from "./claim.ts";
import { declareQueues } from "./declare.ts";
import { asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";
import { afterTransaction, publishInTransaction, publishMessages } from "./publish.ts";
import { transportSchema } from "./schema.ts";
import { settleDeliveries } from "./settle.ts";
import { sweepQueues } from "./sweep.ts";

/** What a store is made with. */
export interface SqliteStoreOptions {
  /** Absolute path of the file. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly synchronous: Synchronous;
  readonly maxMessageBytes: number;
}

const maxBatch = 1_000;
/** How old the knowledge may be that the open file is still the one at its path: what is written to another one reaches nobody. */
const trustMs = 1_000;
/** Wake-ups come by the wake file; only a commit of a caller's own connection may tell nobody. */
const fallbackPollMs = 2_000;

/** A queue in a SQLite file, for the lease engine. Publishes and settlements wait for the disk; claims and renewals need not, for losing them loses no message. */
export class SqliteStore implements LeaseStore {
  readonly facts: StoreFacts;
  readonly admin: QueueAdmin;
  readonly bindings: BindingStore;
  readonly broadcast: SqliteBroadcast;
  readonly schema: StoreSchema;
  readonly #options: SqliteStoreOptions;
  readonly #turns: TurnByQueue = new Map();
  readonly #sleepers = new Map<string, WakeSubscription>();
  readonly #watched = new Set<Timer>();
  #client: SqliteClient | undefined;
  #trustedUntilMs = -Infinity;
  #events: StoreEvents | undefined;

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    this.facts = {
      capabilities: sqliteCapabilities(options),
      publishesInFlight: 1,
      maxBatch,
      renewal: { url: import.meta.resolve("#renewer"), options: { path: options.path } },
      handsOver: false,
      fallbackPollMs,
    };
    const client = (): SqliteClient => this.#open();
    this.admin = new SqliteAdmin({
      client,
      nowMs: () => options.clock.now(),
      announce: (queue) => this.#announce([queue]),
    });
    this.bindings = sqliteBindings(() => client().durable);
    this.broadcast = new SqliteBroadcast({ client, clock: options.clock, log: options.log });
    this.schema = {
      components: [transportSchema.name],
      plan: (to) => asTransport(async () => orRefuse(await planSchema(client().durable, transportSchema, to))),
      apply: (to) => asTransport(async () => orRefuse(await applySchema(client().durable, transportSchema, to))),
    };
  }

  open(events: StoreEvents): Promise<void> {
    return asTransport(async () => {
      this.#letGo();
      const client = await openSqlite(this.#options);
      try {
        orRefuse(await applySchema(client.durable, transportSchema));
      } catch (error) {
        client.close();
        throw error;
      }
      this.#client = client;
      this.#trustedUntilMs = this.#options.clock.monotonic() + trustMs;
      this.#events = events;
      this.broadcast.resume();
    });
  }

  declare(queues: readonly QueueDeclaration[]): Promise<void> {
    return asTransport(() => declareQueues(this.#open(), queues));
  }

  publish(messages: readonly RoutedMessage[], transaction?: unknown): Promise<void> {
    return asTransport(async () => {
      const queues = new Set(messages.map(({ to }) => to));
      if (transaction === undefined) {
        await publishMessages(this.#open(), messages, this.#options.clock);
        this.#announce(queues);
        return;
      }
      const nowMs = this.#options.clock.now();
      const caller = publishInTransaction(this.#open(), messages, { transaction, nowMs });
      const timer = afterTransaction(caller, this.#options.clock, () => {
        this.#watched.delete(timer);
        this.#announce(queues);
      });
      this.#watched.add(timer);
    });
  }

  claim(request: ClaimRequest): Promise<Claim> {
    return asTransport(async () => {
      const { relaxed: connection } = this.#open();
      const context = { connection, turns: this.#turns, nowMs: () => this.#options.clock.now() };
      const claimed = await claimMessages(context, request);
      if (claimed.messages.length > 0 || !this.#sleeperOf(request.queue)?.fallAsleep()) return claimed;
      // Whoever published since the look found nobody asleep.
      return await claimMessages(context, request);
    });
  }

  suspectsWait(queue: string): Promise<boolean> {
    return asTransport(() => suspectsWait(this.#open().relaxed, queue));
  }

  extend(_queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null> {
    const untilMs = this.#options.clock.now() + leaseMs;
    return asTransport(() => extendLeases(this.#open().relaxed, { leases, untilMs, waitMs: leaseMs / 2 }));
  }

  settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null> {
    return asTransport(async () => {
      const nowMs = this.#options.clock.now();
      const { lost, filled } = await settleDeliveries(this.#open(), { queue, settlements, nowMs });
      this.#announce(filled);
      return lost;
    });
  }

  sweep(request: SweepRequest): Promise<SweepOutcome> {
    return asTransport(async () => {
      const { filled, ...outcome } = await sweepQueues(this.#open().relaxed, {
        ...request,
        nowMs: this.#options.clock.now(),
      });
      this.#announce(filled);
      return outcome;
    });
  }

  async close(): Promise<void> {
    this.broadcast.close();
    this.#letGo();
    this.#events = undefined;
  }

  #open(): SqliteClient {
    const { path, clock } = this.#options;
    if (this.#client === undefined) throw new TransportUnavailableError(`The SQLite file ${path} is not open.`);
    const nowMs = clock.monotonic();
    if (nowMs < this.#trustedUntilMs) return this.#client;
    if (this.#client.isReplaced()) throw this.#fileIsGone();
    this.#trustedUntilMs = nowMs + trustMs;
    return this.#client;
  }

  #fileIsGone(): TransportUnavailableError {
    const error = new TransportUnavailableError(
      `The SQLite file ${this.#options.path} was deleted or replaced while it was open; it is opened again.`,
    );
    this.#events?.lost(error);
    return error;
  }

  #announce(queues: Iterable<string>): void {
    for (const queue of queues) this.#client?.wake.wakeSleepers(topicOf(queue));
  }

  #sleeperOf(queue: string): WakeSubscription | undefined {
    const known = this.#sleepers.get(queue);
    if (known !== undefined) return known;
    const sleeper = this.#client?.wake.subscribe(topicOf(queue), () => this.#events?.wake(queue));
    if (sleeper !== undefined) this.#sleepers.set(queue, sleeper);
    return sleeper;
  }

  #letGo(): void {
    for (const timer of this.#watched) timer.cancel();
    this.#watched.clear();
    this.#sleepers.clear();
    this.#client?.close();
    this.#client = undefined;
  }
}

function topicOf(queue: string): string {
  return `queue:${queue}`;
}

function orRefuse(outcome: SchemaPlan | SchemaRefusal): SchemaPlan {
  if ("refused" in outcome) throw new SchemaVersionError(outcome.refused);
  return outcome;
}
