import {
  CheckedSchema,
  PostgresClient,
  SchemaPlace,
  serverFacts,
  serverTimeMs,
  storeSchema,
  WakeUps,
  type PostgresTarget,
  type ServerFacts,
} from "@lovage/client-postgres";
import { within, type Clock, type Log, type StoreSchema } from "@lovage/foundation";
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
  TransactionWork,
  Unrenewed,
} from "@lovage/lease-engine";
import { TransportUnavailableError, type QueueAdmin, type QueueDeclaration } from "@lovage/transport";

import { PostgresAdmin } from "./admin.ts";
import { Announcer, queuesToTell, type Announcement } from "./announcer.ts";
import { postgresBindings } from "./bindings.ts";
import { PostgresBroadcast } from "./broadcast.ts";
import { postgresCapabilities } from "./capabilities.ts";
import { claimMessages, peekAt, suspectsWait, type TurnByQueue } from "./claim.ts";
import type { Database } from "./database.ts";
import { declareQueues } from "./declare.ts";
import { DoubtfulSettlements } from "./doubtful-settlements.ts";
import { asOpening, asPublish, asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";
import { publishInTransaction, publishMessages } from "./publish.ts";
import type { RenewerOptions } from "./renewer.ts";
import { placeFunctions, transportSchema } from "./schema/transport-schema.ts";
import { leasesOf, settleDeliveries } from "./settle.ts";
import { Sleepers } from "./sleepers.ts";
import { transportStatements } from "./statements.ts";
import { sweepQueues } from "./sweep.ts";
import { transactDelivery } from "./transact.ts";

/** What a store is made with. */
export interface PostgresStoreOptions {
  readonly target: PostgresTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the app, for `pg_stat_activity`. */
  readonly name: string;
  readonly maxMessageBytes: number;
  /** Whether all of the target can be sent to a thread. */
  readonly isPlain: boolean;
}

const maxBatch = 1_000;
/** With notifications only a crash between two steps of a publisher tells nobody. */
const fallbackPollMs = 2_000;
const pollingMs = 500;
/** How long `close` waits for its last announcement, of a server that may be silent: sleepers find the messages by themselves in about as long. */
const lastTellingMs = 1_000;

/** Queues in a schema of PostgreSQL, for the lease engine. Every operation on messages is one function of the schema, and goes by the server's clock. */
export class PostgresStore implements LeaseStore {
  readonly admin: QueueAdmin;
  readonly bindings: BindingStore;
  readonly schema: StoreSchema;
  /** Absent where there are no notifications. */
  broadcast?: PostgresBroadcast;
  readonly #options: PostgresStoreOptions;
  readonly #database: Database;
  readonly #tables: CheckedSchema;
  readonly #broadcast: PostgresBroadcast;
  readonly #turns: TurnByQueue = new Map();
  readonly #doubtful = new DoubtfulSettlements();
  readonly #announcer: Announcer;
  /** The last announcement; `close` lets it end. */
  #announced = Promise.resolve();
  #client: PostgresClient | undefined;
  #wakeUps: WakeUps | undefined;
  #sleepers: Sleepers | undefined;
  #events: StoreEvents | undefined;
  #server: ServerFacts = { durability: "process", clockOffsetMs: 0 };
  /** Made by `open`, since every publish looks at them. */
  #facts: StoreFacts;

  constructor(options: PostgresStoreOptions) {
    const { target, clock, log } = options;
    this.#options = options;
    const component = transportSchema(target.schema);
    this.#tables = new CheckedSchema({ component, migrates: target.migrate });
    const client = (): PostgresClient => this.#open();
    const place = new SchemaPlace(client, target.schema, placeFunctions);
    this.#database = { statements: transportStatements(target.schema), client, place };
    this.#broadcast = new PostgresBroadcast(this.#database, log);
    this.#announcer = new Announcer(clock, (queues) => this.#announce(queues));
    this.admin = new PostgresAdmin(this.#database);
    this.bindings = postgresBindings(this.#database);
    this.schema = storeSchema({ component, client, translate: asTransport });
    this.#facts = this.#factsNow();
  }

  get facts(): StoreFacts {
    return this.#facts;
  }

  open(events: StoreEvents): Promise<void> {
    return asOpening(async () => {
      this.#events = events;
      const client = (this.#client ??= await this.#connect());
      await client.revive();
      if (!client.isPolling) this.broadcast = this.#broadcast;
      await this.#tables.open(client);
      this.#database.place.forget();
      this.#server = await serverFacts(client, this.#options.clock);
      this.#facts = this.#factsNow();
    });
  }

  serverTimeMs(): Promise<number> {
    return asTransport(() => serverTimeMs(this.#database.client()));
  }

  declare(queues: readonly QueueDeclaration[]): Promise<void> {
    return asTransport(async () => {
      // Nobody publishes or consumes before.
      await this.#tables.require(this.#open());
      await declareQueues(this.#database, queues);
    });
  }

  async publish(messages: readonly RoutedMessage[], transaction?: unknown): Promise<void> {
    if (transaction !== undefined) {
      const { now: wake, rest } = this.#announcer.planUncommitted(queuesToTell(messages));
      await publishInTransaction(this.#database, { messages, wake }, transaction);
      return this.#announcer.later(rest);
    }
    await this.#telling((wakes) => publishMessages(this.#database, messages, wakes(queuesToTell(messages))));
  }

  claim(request: ClaimRequest): Promise<Claim> {
    return asTransport(() => {
      const look = (): Promise<Claim> => claimMessages(this.#database, request, this.#turns);
      const sleepers = request.suspects || this.#isPolling ? undefined : this.#sleepers;
      return sleepers === undefined ? look() : sleepers.claim(request, look);
    });
  }

  suspectsWait(queue: string): Promise<boolean> {
    return asTransport(() => suspectsWait(this.#database, queue));
  }

  extend(_queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null> {
    return asTransport(() => extendLeases(this.#open(), this.#database.statements, { leases, leaseMs }));
  }

  async settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null> {
    const nowMs = Math.round(this.#options.clock.now() + this.#server.clockOffsetMs);
    try {
      const notHeld = await this.#telling((wakes) =>
        asPublish(() =>
          settleDeliveries(this.#open(), this.#database.statements, { queue, settlements, nowMs, wakes }),
        ),
      );
      return leasesOf(this.#doubtful.sift(settlements, notHeld));
    } catch (error) {
      this.#doubtful.add(settlements);
      throw error;
    }
  }

  async transact<T>(queue: string, work: TransactionWork<T>): Promise<{ readonly value: T } | "lost"> {
    const nowMs = Math.round(this.#options.clock.now() + this.#server.clockOffsetMs);
    let late: readonly string[] = [];
    const wakes = (queues: Iterable<string>): readonly string[] => {
      const { now, rest } = this.#announcer.planUncommitted(queues);
      late = rest;
      return now;
    };
    try {
      return await transactDelivery(this.#database, { queue, nowMs, wakes }, work);
    } finally {
      this.#announcer.later(late);
    }
  }

  sweep(request: SweepRequest): Promise<SweepOutcome> {
    return asTransport(() => sweepQueues(this.#database, request));
  }

  async close(): Promise<void> {
    const untold = this.#announcer.close();
    if (untold.length > 0) this.#announce(untold);
    await within(this.#options.clock, lastTellingMs, this.#announced);
    const client = this.#client;
    this.#client = undefined;
    await client?.close();
  }

  get #isPolling(): boolean {
    return this.#client?.isPolling ?? false;
  }

  #factsNow(): StoreFacts {
    const { target, name, maxMessageBytes, isPlain } = this.#options;
    const renewer: RenewerOptions = { target, name };
    return {
      capabilities: postgresCapabilities({
        durability: this.#server.durability,
        broadcast: !this.#isPolling,
        maxMessageBytes,
      }),
      // Two would be quicker, and could commit in the other order.
      publishesInFlight: 1,
      maxBatch,
      ...(isPlain ? { renewal: { url: import.meta.resolve("#renewer"), options: renewer } } : {}),
      handsOver: false,
      fallbackPollMs: this.#isPolling ? pollingMs : fallbackPollMs,
    };
  }

  async #connect(): Promise<PostgresClient> {
    const { target, clock, log, name } = this.#options;
    const client = await PostgresClient.open({
      target,
      clock,
      log,
      name: `lovage:${name}`,
      onLost: (cause) => {
        // Not when it is opened again for any other reason: a lock that its session holds would be taken twice.
        this.#wakeUps?.forget();
        this.#events?.lost(new TransportUnavailableError(cause.message, { cause }));
      },
    });
    this.#wakeUps = new WakeUps(client, { component: "transport", schema: target.schema });
    this.#sleepers = new Sleepers({
      wakeUps: this.#wakeUps,
      log,
      peek: (queue) => peekAt(this.#database, queue),
      wake: (queue) => this.#events?.wake(queue),
    });
    try {
      await this.#wakeUps.listen((queue) => this.#events?.wake(queue));
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  #open(): PostgresClient {
    if (this.#client !== undefined) return this.#client;
    throw new TransportUnavailableError("The connection to PostgreSQL is not open.");
  }

  /** Runs a statement that tells sleepers of some of the queues that it fills; of the others they are told after it. */
  async #telling<T>(write: (wakes: (queues: Iterable<string>) => readonly string[]) => Promise<T>): Promise<T> {
    let plan: Announcement = { now: [], rest: [], waited: [] };
    try {
      const result = await write((queues) => (plan = this.#announcer.plan(queues)).now);
      this.#announcer.later(plan.rest);
      return result;
    } catch (error) {
      this.#announcer.later(plan.waited);
      throw error;
    }
  }

  #announce(queues: readonly string[]): void {
    const tell = async (): Promise<void> => {
      try {
        await this.#client?.query(this.#database.statements.announce, [queues]);
      } catch (error) {
        this.#options.log.debug("Sleepers were not told.", { error: String(error) });
      }
    };
    this.#announced = tell();
  }
}
