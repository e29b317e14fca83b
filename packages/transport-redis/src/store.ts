import { randomUUID } from "node:crypto";

import {
  checkServer,
  isPlainTarget,
  RedisConnection,
  serverTimeMs,
  type ChannelSubscription,
  type Durability,
  type RedisTarget,
} from "@lovage/client-redis";
import { clockOffsetMs, within, type Clock, type Log } from "@lovage/foundation";
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
import { claimMessages, readTold, suspectsWait } from "./claim.ts";
import { declareQueues } from "./declare.ts";
import { asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";
import { HandOvers } from "./hand-overs.ts";
import { Keys } from "./keys.ts";
import { KombuKeys } from "./kombu-keys.ts";
import { KombuWatch } from "./kombu-watch.ts";
import { Namesakes } from "./namesakes.ts";
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

/** How long the server may take to end the wake-ups: less than the engine gives to a store that closes. */
const endingMs = 200;
/** Lua hands at most some 8 000 values to a command, and a message may need two. */
const maxBatch = 1_000;
/** A wake-up goes to one sleeper; if that one hangs, others look by themselves. Who has not looked for longer is handed nothing. */
const fallbackPollMs = 1_000;

/** A queue in Redis, for the lease engine. Every operation is one script on the server, and goes by the server's clock. */
export class RedisStore implements LeaseStore {
  facts: StoreFacts;
  readonly admin: QueueAdmin;
  readonly bindings: BindingStore;
  readonly broadcast: RedisBroadcast;
  readonly #options: RedisStoreOptions;
  readonly #server: Server;
  readonly #channel: string;
  readonly #receipts: Receipts;
  readonly #handOvers = new HandOvers();
  #connection: RedisConnection | undefined;
  /** Ends the present connection, open or on its way. */
  #ending = new AbortController();
  #watch: KombuWatch | undefined;
  #wakes: ChannelSubscription | undefined;
  #offsetMs = 0;

  constructor(options: RedisStoreOptions) {
    const { target, prefix, globalKeyPrefix, celeryProducers, clock, log } = options;
    this.#options = options;
    this.facts = factsOf(options, "process");
    const connection = (): RedisConnection => this.#open();
    const keys = new Keys(prefix);
    const kombu = new KombuKeys(globalKeyPrefix);
    const readers = new QueueReaders(keys, { hasProducers: celeryProducers, isCluster: target.isCluster });
    this.#server = {
      keys,
      kombu,
      readers,
      namesakes: new Namesakes({ kombu, readers, log, connection }),
      isCluster: target.isCluster,
      enlisted: new Set(),
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

  open(events: StoreEvents): Promise<void> {
    return asTransport(async () => {
      this.#end();
      this.#ending = new AbortController();
      const { target, clock, log, name, strict } = this.#options;
      const connection = await RedisConnection.open({
        target,
        clock,
        log,
        name: `lovage:${name}`,
        signal: this.#ending.signal,
        onLost: (cause) => events.lost(new TransportUnavailableError(cause.message, { cause })),
      });
      try {
        this.facts = factsOf(this.#options, await checkServer(connection, { log, strict, isWritten: true }));
        this.#offsetMs = await clockOffsetMs(clock, () => serverTimeMs(connection));
        this.#wakes = await connection.subscribe([this.#channel], (_, payload) => this.#hear(payload, events));
        const { kombu } = this.#server;
        this.#watch = new KombuWatch(connection, { kombu, log, wake: (queue) => events.wake(queue) });
        await this.#server.readers.relearn(connection);
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

  publish(messages: readonly RoutedMessage[], transaction?: unknown): Promise<void> {
    if (transaction === undefined) return publishMessages(this.#server, messages);
    const text = "Nothing was published: redis: takes no transaction of the caller's.";
    return Promise.reject(new TransactionUnsupportedError(text));
  }

  claim(request: ClaimRequest): Promise<Claim> {
    const asker = { channel: this.#channel, nowMs: this.#options.clock.monotonic() };
    return asTransport(() => claimMessages(this.#server, request, asker));
  }

  suspectsWait(queue: string): Promise<boolean> {
    return asTransport(() => suspectsWait(this.#server, queue));
  }

  extend(queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null> {
    return asTransport(() => extendLeases(this.#open(), this.#server.keys.base(queue), { leases, leaseMs }));
  }

  settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null> {
    const settling = { server: this.#server, receipts: this.#receipts, handOvers: this.#handOvers, queue };
    return asTransport(() => settleDeliveries(settling, settlements));
  }

  sweep(request: SweepRequest): Promise<SweepOutcome> {
    return asTransport(() => sweepQueues(this.#server, request));
  }

  async close(): Promise<void> {
    const { clock } = this.#options;
    if (this.#connection !== undefined) await within(clock, endingMs, this.#endWakes(this.#connection));
    this.#end();
  }

  #end(): void {
    this.#ending.abort();
    this.#connection = undefined;
  }

  /** What is on its way to this one is heard and given back: otherwise it would wait for the end of its lease. */
  async #endWakes(connection: RedisConnection): Promise<void> {
    await this.#wakes?.end();
    // What was heard last is given back within this turn, and answered before this.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    await connection.call("PING", []);
  }

  #hear(payload: Buffer, events: StoreEvents): void {
    const { base, handed } = readTold(payload);
    const queue = this.#server.keys.queueOf(base);
    if (handed === undefined) events.wake(queue);
    else events.deliver(queue, [handed.message], handed.leasedAtMs);
  }

  #open(): RedisConnection {
    return this.#connection ?? this.#notOpen();
  }

  #notOpen(): never {
    throw new TransportUnavailableError("The connection to Redis is not open.");
  }
}

/** Made once for each opening, since they are asked for all the time. */
function factsOf({ target, prefix, name, maxMessageBytes }: RedisStoreOptions, durability: Durability): StoreFacts {
  const renewer: RenewerOptions = { target, prefix, name };
  return {
    capabilities: redisCapabilities({ durability, maxMessageBytes, isCluster: target.isCluster }),
    publishesInFlight: 1,
    maxBatch,
    ...(isPlainTarget(target) ? { renewal: { url: import.meta.resolve("#renewer"), options: renewer } } : {}),
    handsOver: !target.isCluster,
    publishesApart: target.isCluster,
    fallbackPollMs,
  };
}
