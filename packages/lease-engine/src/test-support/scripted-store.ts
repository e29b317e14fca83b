import type { Clock } from "@lovage/foundation";
import type { Capabilities, Message, QueueAdmin, QueueDeclaration } from "@lovage/transport";

import type {
  BindingStore,
  Claim,
  ClaimedMessage,
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
} from "../store.ts";

type Method = "open" | "declare" | "publish" | "claim" | "extend" | "settle" | "sweep";

interface Item {
  readonly id: number;
  readonly queue: string;
  readonly message: Message;
  losses: number;
  redelivered: boolean;
  isSuspect: boolean;
  fence: number;
  leaseEndsAtMs: number;
}

const scriptedCapabilities: Capabilities = {
  reach: "process",
  durability: "none",
  fencing: "token",
  recovery: "lease",
  order: "queue",
  priorities: false,
  fairness: false,
  delayHorizonMs: Infinity,
  exchanges: "app",
  atomicHandOver: true,
  atomicPublish: false,
  transactions: null,
  broadcast: false,
  browse: "all",
  countsLosses: true,
  maxMessageBytes: 1_000_000,
};

/** A store of arrays whose every call is noted and can be told to fail, to hang, or to do something before. */
export class ScriptedStore implements LeaseStore {
  readonly facts: StoreFacts;
  readonly admin: QueueAdmin = {} as QueueAdmin;
  /** Calls in order, with their first arguments of interest. */
  readonly calls: { readonly method: Method; readonly args: readonly unknown[] }[] = [];
  readonly published: RoutedMessage[] = [];
  readonly settled: Settlement[] = [];
  readonly bindings?: BindingStore;
  claimsOver?: (queue: string) => Promise<void>;
  suspectsWait?: NonNullable<LeaseStore["suspectsWait"]>;
  transact?: NonNullable<LeaseStore["transact"]>;
  capabilitiesOf?: NonNullable<LeaseStore["capabilitiesOf"]>;
  prepare?: NonNullable<LeaseStore["prepare"]>;
  discard?: NonNullable<LeaseStore["discard"]>;
  prepareSettlement?: NonNullable<LeaseStore["prepareSettlement"]>;
  events: StoreEvents | undefined;
  isClosed = false;
  readonly #clock: Clock;
  readonly #scripts = new Map<Method, ((...args: readonly unknown[]) => unknown)[]>();
  readonly #standing = new Map<Method, (...args: readonly unknown[]) => unknown>();
  readonly #armed = new Set<string>();
  readonly ready: Item[] = [];
  readonly leased = new Map<number, Item>();
  /** Ids of leases that it does not get round to prolong. */
  readonly leaves = new Set<number>();
  #ids = 0;
  #fences = 0;

  constructor(clock: Clock, facts: Partial<StoreFacts> = {}, bindings?: BindingStore) {
    if (bindings !== undefined) this.bindings = bindings;
    this.#clock = clock;
    this.facts = {
      capabilities: scriptedCapabilities,
      publishesInFlight: 1,
      maxBatch: 1_000,
      handsOver: false,
      fallbackPollMs: Infinity,
      ...facts,
    };
  }

  /** The next call of a method does this first; when it throws or hangs, so does the call. */
  next(method: Method, script: (...args: readonly unknown[]) => unknown): void {
    this.#scripts.set(method, [...(this.#scripts.get(method) ?? []), script]);
  }

  /** Every call of a method does this first, until told otherwise. */
  always(method: Method, script: ((...args: readonly unknown[]) => unknown) | undefined): void {
    if (script === undefined) this.#standing.delete(method);
    else this.#standing.set(method, script);
  }

  callsOf(method: Method): readonly (readonly unknown[])[] {
    return this.calls.filter((call) => call.method === method).map(({ args }) => args);
  }

  /** Puts messages into a queue, as another process would. */
  put(queue: string, ids: readonly string[], { losses = 0 } = {}): void {
    for (const messageId of ids) {
      const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
      this.#add(queue, { headers: {}, properties, body: new Uint8Array() }, losses);
    }
    this.#wake(queue);
  }

  /** Takes a lease away, as a sweep of another process would. */
  steal(lease: Lease): void {
    const item = this.leased.get(lease.id);
    if (item !== undefined) this.#lose(item, 2);
  }

  async open(events: StoreEvents): Promise<void> {
    this.events = events;
    await this.#play("open", []);
  }

  async declare(queues: readonly QueueDeclaration[]): Promise<void> {
    await this.#play("declare", [queues.map(({ name }) => name)]);
  }

  async publish(messages: readonly RoutedMessage[]): Promise<void> {
    await this.#play("publish", [messages.map(({ properties }) => properties.messageId)]);
    for (const message of messages) {
      this.published.push(message);
      this.#add(message.to, message, 0);
    }
    for (const { to } of messages) this.#wake(to);
  }

  async claim(request: ClaimRequest): Promise<Claim> {
    await this.#play("claim", [request]);
    const { queue, max, leaseMs, suspects } = request;
    const messages: ClaimedMessage[] = [];
    for (const item of this.ready.filter((each) => each.queue === queue && each.isSuspect === suspects).slice(0, max)) {
      this.ready.splice(this.ready.indexOf(item), 1);
      this.#fences += 1;
      item.fence = this.#fences;
      item.leaseEndsAtMs = this.#clock.monotonic() + leaseMs;
      this.leased.set(item.id, item);
      const { message, losses, redelivered } = item;
      messages.push({ lease: { id: item.id, fence: item.fence }, message, losses, redelivered });
    }
    if (messages.length === 0) this.#armed.add(queue);
    return { messages, suspectsWait: this.ready.some((item) => item.queue === queue && item.isSuspect) };
  }

  async extend(queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null> {
    await this.#play("extend", [queue, leases]);
    const left = leases.filter(({ id }) => this.leaves.has(id));
    const lost = leases.filter((lease) => !left.includes(lease) && !this.#prolong(lease, leaseMs));
    return lost.length + left.length > 0 ? { lost, left } : null;
  }

  async settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null> {
    await this.#play("settle", [queue, settlements]);
    const lost = settlements.filter((settlement) => !this.#settleOne(settlement)).map(({ lease }) => lease);
    return lost.length > 0 ? lost : null;
  }

  async sweep({ queues, suspectAfter }: SweepRequest): Promise<SweepOutcome> {
    await this.#play("sweep", [queues, suspectAfter]);
    const ended = [...this.leased.values()].filter((item) => item.leaseEndsAtMs <= this.#clock.monotonic());
    for (const item of ended) this.#lose(item, suspectAfter);
    return { recovered: ended.length, more: false };
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  async #play(method: Method, args: readonly unknown[]): Promise<void> {
    this.calls.push({ method, args });
    const script = this.#scripts.get(method)?.shift() ?? this.#standing.get(method);
    await script?.(...args);
  }

  #add(queue: string, message: Message, losses: number): void {
    this.#ids += 1;
    const item = { id: this.#ids, queue, message, losses, redelivered: losses > 0, isSuspect: losses >= 2 };
    this.ready.push({ ...item, fence: 0, leaseEndsAtMs: 0 });
  }

  #settleOne(settlement: Settlement): boolean {
    const { lease } = settlement;
    const item = this.leased.get(lease.id);
    if (item?.fence !== lease.fence) return false;
    this.leased.delete(lease.id);
    this.settled.push(settlement);
    if (settlement.kind === "release") {
      item.redelivered = true;
      this.ready.unshift(item);
      this.#wake(item.queue);
    }
    return true;
  }

  #prolong({ id, fence }: Lease, leaseMs: number): boolean {
    const item = this.leased.get(id);
    if (item?.fence !== fence) return false;
    item.leaseEndsAtMs = this.#clock.monotonic() + leaseMs;
    return true;
  }

  #lose(item: Item, suspectAfter: number): void {
    this.leased.delete(item.id);
    item.losses += 1;
    item.redelivered = true;
    item.isSuspect = item.losses >= suspectAfter;
    this.ready.push(item);
    this.#wake(item.queue);
  }

  #wake(queue: string): void {
    if (this.#armed.delete(queue)) this.events?.wake(queue);
  }
}
