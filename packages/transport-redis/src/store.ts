import { randomUUID } from "node:crypto";

import {
  checkServer,
  isPlainTarget,
  RedisConnection,
  serverTimeMs,
  type Durability,
  type RedisTarget,
} from "@lovage/client-redis";
import { clockOffsetMs, type Clock, type Log } from "@lovage/foundation";
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
} from "@lovage/lease-engine";
import {
  TransactionUnsupportedError,
  TransportUnavailableError,
  type QueueAdmin,
  type QueueCapabilities,
  type QueueDeclaration,
} from "@lovage/transport";

import { RedisAdmin } from "./admin.ts";
import { redisBindings } from "./bindings.ts";
import { RedisBroadcast } from "./broadcast.ts";
import { kombuCapabilities, redisCapabilities } from "./capabilities.ts";
import { claimMessages } from "./claim.ts";
import { declareQueues } from "./declare.ts";
import { asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";
import { Keys } from "./keys.ts";
import { KombuKeys } from "./kombu-keys.ts";
import { KombuWatch } from "./kombu-watch.ts";
import { publishMessages } from "./publish.ts";
import { QueueReaders } from "./queue-readers.ts";
import { Receipts } from "./receipts.ts";
import type { RenewerOptions } from "./renewer.ts";
import type { Server } from "./server.ts";
import { settleDeliveries } from "./settle.ts";
import { sweepQueues } from "./sweep.ts";

/** What a store is made with. */
export interface RedisStoreOptions {
  readonly target: RedisTarget;
  readonly prefix: string;
  /** Kombu's `global_keyprefix`. */
  readonly globalKeyPrefix: string;
  /** Take messages of Celery's producers on queues of our own. */
  readonly celeryProducers: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the app, for `CLIENT LIST`. */
  readonly name: string;
  readonly maxMessageBytes: number;
  /** Refuse a server that may lose messages, instead of warning. */
  readonly strict: boolean;
}

/** Lua hands at most some 8 000 values to a command, and a message may need two. */
const maxBatch = 1_000;
/** A wake-up goes to one sleeper; if that one hangs, others look by themselves. */
const fallbackPollMs = 1_000;

/** A queue in Redis, for the lease engine. Every operation is one script on the server, and goes by the server's clock. */
export class RedisStore implements LeaseStore {
  readonly admin: QueueAdmin;
  readonly bindings: BindingStore;
  readonly broadcast: RedisBroadcast;
  readonly #options: RedisStoreOptions;
  readonly #server: Server;
  readonly #channel: string;
  readonly #receipts: Receipts;
  #connection: RedisConnection | undefined;
  #watch: KombuWatch | undefined;
  #offsetMs = 0;
  #durability: Durability = "process";

  constructor(options: RedisStoreOptions) {
    const { target, prefix, globalKeyPrefix, celeryProducers, clock, log } = options;
    this.#options = options;
    const connection = (): RedisConnection => this.#open();
    const keys = new Keys(prefix);
    const kombu = new KombuKeys(globalKeyPrefix);
    this.#server = {
      keys,
      kombu,
      readers: new QueueReaders(keys, { hasProducers: celeryProducers && !target.isCluster }),
      isCluster: target.isCluster,
      connection,
      watch: () => this.#watch ?? this.#notOpen(),
      nowMs: () => clock.now() + this.#offsetMs,
    };
    this.#receipts = new Receipts(randomUUID());
    this.#channel = this.#server.keys.wakeChannel(this.#receipts.owner);
    this.admin = new RedisAdmin(this.#server);
    this.bindings = redisBindings(this.#server);
    this.broadcast = new RedisBroadcast({ connection, log, nameOf: (channel) => kombu.channel(target.db, channel) });
  }

  get facts(): StoreFacts {
    const { target, prefix, name, maxMessageBytes } = this.#options;
    const renewer: RenewerOptions = { target, prefix, name };
    return {
      capabilities: redisCapabilities({
        durability: this.#durability,
        maxMessageBytes,
        isCluster: target.isCluster,
      }),
      publishesInFlight: 1,
      maxBatch,
      ...(isPlainTarget(target) ? { renewal: { url: renewerUrl(), options: renewer } } : {}),
      handsOver: false,
      fallbackPollMs,
    };
  }

  open(events: StoreEvents): Promise<void> {
    return asTransport(async () => {
      this.#connection?.close();
      this.#connection = undefined;
      const { target, clock, log, name, strict } = this.#options;
      const connection = await RedisConnection.open({
        target,
        clock,
        log,
        name: `lovage:${name}`,
        onLost: (cause) => events.lost(new TransportUnavailableError(cause.message, { cause })),
      });
      try {
        this.#durability = await checkServer(connection, { log, strict });
        this.#offsetMs = await clockOffsetMs(clock, () => serverTimeMs(connection));
        await connection.subscribe([this.#channel], (_, base) =>
          events.wake(this.#server.keys.queueOf(base.toString())),
        );
        const { kombu } = this.#server;
        this.#watch = new KombuWatch(connection, { kombu, log, wake: (queue) => events.wake(queue) });
        this.#connection = connection;
        await this.broadcast.resume();
      } catch (error) {
        this.#connection = undefined;
        connection.close();
        throw error;
      }
    });
  }

  serverTimeMs(): Promise<number> {
    return asTransport(() => serverTimeMs(this.#server.connection()));
  }

  capabilitiesOf(queue: string): Partial<QueueCapabilities> {
    return this.#server.readers.areCelery(queue) ? kombuCapabilities : {};
  }

  declare(queues: readonly QueueDeclaration[]): Promise<void> {
    return asTransport(() => declareQueues(this.#server, queues));
  }

  async publish(messages: readonly RoutedMessage[], transaction?: unknown): Promise<void> {
    if (transaction !== undefined) {
      throw new TransactionUnsupportedError("Nothing was published: redis: takes no transaction of the caller's.");
    }
    await asTransport(() => publishMessages(this.#server, messages));
  }

  claim(request: ClaimRequest): Promise<Claim> {
    return asTransport(() => claimMessages(this.#server, request, this.#channel));
  }

  extend(queue: string, leases: readonly Lease[], leaseMs: number): Promise<readonly Lease[] | null> {
    return asTransport(() => extendLeases(this.#open(), this.#server.keys.base(queue), { leases, leaseMs }));
  }

  settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null> {
    return asTransport(() => settleDeliveries({ server: this.#server, receipts: this.#receipts, queue }, settlements));
  }

  sweep(request: SweepRequest): Promise<SweepOutcome> {
    return asTransport(() => sweepQueues(this.#server, request));
  }

  async close(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #open(): RedisConnection {
    return this.#connection ?? this.#notOpen();
  }

  #notOpen(): never {
    throw new TransportUnavailableError("The connection to Redis is not open.");
  }
}

/** The module beside this one, in the form in which this one runs: source or built. */
function renewerUrl(): string {
  return new URL(import.meta.url.endsWith(".ts") ? "./renewer.ts" : "./renewer.js", import.meta.url).href;
}
