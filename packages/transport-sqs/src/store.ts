import { within, type Clock, type Log } from "@lovage/foundation";
import type {
  Claim,
  ClaimRequest,
  Lease,
  LeaseSettings,
  LeaseStore,
  RenewalModule,
  RoutedMessage,
  Settlement,
  StoreFacts,
  SweepOutcome,
  SweepRequest,
  Unrenewed,
} from "@lovage/lease-engine";
import {
  TransactionUnsupportedError,
  TransportUnavailableError,
  type ClaimCheck,
  type QueueAdmin,
  type QueueCapabilities,
  type QueueDeclaration,
} from "@lovage/transport";

import { SqsAdmin } from "./admin/admin.ts";
import { ownMessageBytes, queueCapabilities, sqsCapabilities } from "./queues/capabilities.ts";
import { Claims } from "./bodies/claims.ts";
import { BrokerClock } from "./delays/delays.ts";
import { Deletions } from "./leases/deletions.ts";
import { ceilingOf, extendLeases } from "./leases/extend.ts";
import { LeaseTable } from "./leases/lease-table.ts";
import { prepareMessage, prepareSettlement } from "./prepare.ts";
import { failuresError, publishMessages } from "./publish.ts";
import { QueueConsumption } from "./consuming/queue-consumption.ts";
import { QueueDirectory } from "./queues/queue-directory.ts";
import type { RenewerOptions } from "./leases/renewer.ts";
import { settleDeliveries } from "./settle.ts";
import { SqsApi, type SqsTarget } from "./sqs-api.ts";
import type { SqsContext } from "./sqs-context.ts";

/** What a store is made with. */
export interface SqsStoreOptions {
  readonly target: SqsTarget;
  readonly prefix: string;
  readonly queues: Readonly<Record<string, string>>;
  readonly creates: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: LeaseSettings;
  /** Keeps bodies that are too large for SQS. @default those are refused */
  readonly claimCheck?: ClaimCheck | undefined;
  /** How long a message may be held in all, in ms. @default 12 hours, as SQS allows, but five minutes, or a long lease */
  readonly ceilingMs?: number;
}

const maxBatch = 1_000;
/** An empty claim has waited in the broker already. */
const fallbackPollMs = 1;
/** What is being deleted from the claim check may take so long when the store closes: less than what it is given for that. */
const droppingMs = 200;
/** A call takes ten; so little that nobody notices, and enough for most of a batch of quick tasks to come together. */
const gathering = { size: 10, ms: 20 } as const;

/** Queues of SQS, for the lease engine. A lease is a receipt handle and the time until which the message stays hidden. */
export class SqsStore implements LeaseStore {
  readonly admin: QueueAdmin;
  readonly facts: StoreFacts;
  readonly #options: SqsStoreOptions;
  readonly #context: SqsContext;
  readonly #brokerClock: BrokerClock;
  readonly #ceilingMs: number;
  readonly #deletions: Deletions;
  readonly #consumptions = new Map<string, QueueConsumption>();
  #isClosed = false;

  constructor(options: SqsStoreOptions) {
    const { target, prefix, queues: predefined, creates, clock, log, claimCheck, settings } = options;
    this.#options = options;
    const api = new SqsApi(target, clock);
    const directory = new QueueDirectory({ api, prefix, creates, predefined, log });
    const claims = claimCheck === undefined ? undefined : new Claims(claimCheck, log);
    this.#context = { api, clock, log, directory, table: new LeaseTable(), claims };
    this.#deletions = new Deletions(api, clock);
    this.#brokerClock = new BrokerClock(() => clock.now());
    this.#ceilingMs = options.ceilingMs ?? ceilingOf(settings.leaseMs);
    this.admin = new SqsAdmin(this.#context, prefix);
    this.facts = {
      capabilities: sqsCapabilities({
        doublesWithinMs: settings.leaseMs - settings.renewEveryMs,
        holdMs: this.#ceilingMs,
        claimBytes: claimCheck?.maxBytes,
      }),
      // More would mix up the order of FIFO queues; a publish of many messages is many calls at once.
      publishesInFlight: 1,
      publishesApart: true,
      settlesApart: true,
      maxBatch,
      ...this.#renewal(),
      handsOver: false,
      fallbackPollMs,
      claimsWait: true,
      gathering,
    };
  }

  async open(): Promise<void> {
    if (this.#isClosed) throw new TransportUnavailableError("The connection to SQS is closed.");
    await this.#context.api.probe();
  }

  async declare(queues: readonly QueueDeclaration[]): Promise<void> {
    const { directory } = this.#context;
    for (const queue of queues) directory.check(queue);
    await Promise.all(queues.map((queue) => directory.declare(queue)));
  }

  capabilitiesOf(queue: string): Partial<QueueCapabilities> {
    const { claims, directory } = this.#context;
    const known = directory.find(queue);
    if (known === undefined) return {};
    const maxMessageBytes = claims?.limitOf(known) ?? ownMessageBytes(known.maxBytes);
    return queueCapabilities(known, { maxMessageBytes, holdMs: this.#ceilingMs });
  }

  async publish(messages: readonly RoutedMessage[], transaction?: unknown): Promise<void> {
    if (transaction !== undefined) {
      throw new TransactionUnsupportedError("Nothing was published: sqs: takes no transaction of the caller's.");
    }
    const error = failuresError(messages, await publishMessages(this.#context, messages));
    if (error !== undefined) throw error;
  }

  prepare(message: RoutedMessage): Promise<RoutedMessage> | undefined {
    return prepareMessage(this.#context, message);
  }

  discard(message: RoutedMessage): void {
    this.#context.claims?.dropSoon([message]);
  }

  prepareSettlement(queue: string, settlement: Settlement): Promise<Settlement> | undefined {
    return prepareSettlement(this.#context, queue, settlement);
  }

  async claim(request: ClaimRequest): Promise<Claim> {
    const { queue } = request;
    if (this.#deletions.areRefused(queue)) await this.#deletions.require(await this.#context.directory.require(queue));
    return await this.#consumptionOf(queue).claim(request);
  }

  async suspectsWait(queue: string): Promise<boolean> {
    return this.#consumptions.get(queue)?.suspectsWait ?? false;
  }

  async claimsOver(queue: string): Promise<void> {
    await this.#consumptions.get(queue)?.claimsOver();
  }

  async extend(queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null> {
    const known = await this.#context.directory.require(queue);
    return await extendLeases(this.#context, { queue: known, leases, leaseMs, ceilingMs: this.#ceilingMs });
  }

  async settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null> {
    const known = await this.#context.directory.require(queue);
    const { leaseMs } = this.#options.settings;
    if (!known.isFifo || settlements.some(({ kind }) => kind !== "release")) await this.#deletions.require(known);
    const onLeft = (error: Error): void => this.#deletions.note(known, error);
    return await settleDeliveries({ ...this.#context, queue: known, leaseMs, onLeft }, settlements);
  }

  /** SQS takes back by itself what dead consumers held. */
  async sweep({ queues, suspectAfter }: SweepRequest): Promise<SweepOutcome> {
    const { table, clock } = this.#context;
    table.sweep(clock.monotonic());
    // Nobody waits for it: a queue with which SQS takes its time would cost what waits in the others its leases.
    for (const queue of queues) void this.#consumptions.get(queue)?.sweep(suspectAfter);
    return { recovered: 0, more: false };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { clock, claims } = this.#context;
    await Promise.allSettled([
      ...[...this.#consumptions.values()].map((consumption) => consumption.close()),
      within(clock, droppingMs, claims?.idle() ?? Promise.resolve()),
    ]);
    this.#context.api.close();
  }

  /** A provider of credentials is a function, which cannot be sent to a thread: then leases are renewed on the event loop only. */
  #renewal(): { readonly renewal?: RenewalModule } {
    const { target, prefix, queues } = this.#options;
    if (typeof target.credentials === "function") return {};
    const { buffer: handles } = this.#context.table.handles;
    const options: RenewerOptions = { target, prefix, queues, handles, ceilingMs: this.#ceilingMs };
    return { renewal: { url: import.meta.resolve("#renewer"), options } };
  }

  #consumptionOf(queue: string): QueueConsumption {
    const known = this.#consumptions.get(queue);
    if (known !== undefined) return known;
    const { leaseMs } = this.#options.settings;
    const options = { context: this.#context, queue, leaseMs, brokerClock: this.#brokerClock };
    const consumption = new QueueConsumption(options);
    this.#consumptions.set(queue, consumption);
    return consumption;
  }
}
