import type { StoreSchema } from "@lovage/foundation";
import type {
  Binding,
  Broadcast,
  Capabilities,
  DeadLetterReason,
  ExchangeDeclaration,
  Message,
  OutgoingMessage,
  QueueAdmin,
  QueueCapabilities,
  QueueDeclaration,
} from "@lovage/transport";

/** A message whose queue is known. */
export type RoutedMessage = OutgoingMessage & { readonly to: string };

/**
 * Right to work on one message until a deadline that the store keeps. Plain data, so that a helper thread can renew it.
 * Both numbers are safe integers; `fence` is larger in every later delivery of the same message.
 */
export interface Lease {
  readonly id: number;
  readonly fence: number;
}

/** A message with its lease, as the store hands it out. */
export interface ClaimedMessage {
  readonly lease: Lease;
  readonly message: Message;
  /** Where the store may hand out one copy twice: see `Delivery.copyId`. */
  readonly copyId?: string;
  /** How often it was lost: deliveries that ended neither by settlement nor by release. */
  readonly losses: number;
  /** It was delivered before, whether lost or released. */
  readonly redelivered: boolean;
}

/** Which messages to claim. */
export interface ClaimRequest {
  readonly queue: string;
  /** At most this many, 1 or more; never above `StoreFacts.maxBatch`. */
  readonly max: number;
  readonly leaseMs: number;
  /**
   * `false`: ordinary messages only. `true`: suspects only, those that a sweep found lost at least `SweepRequest.suspectAfter` times.
   * The two never mix, so that a suspect is charged to nobody else and nobody else to it.
   */
  readonly suspects: boolean;
  /**
   * Aborts when nobody waits for the answer any more (closing, making room for a suspect). Given only where `StoreFacts.claimsWait`; the claim
   * then ends soon, with nothing, and what still arrives for it is put back uncounted.
   */
  readonly signal?: AbortSignal;
}

/** What a claim found. Fewer than `max` does not mean that the queue is empty; none does. */
export interface Claim {
  /** In order of delivery. */
  readonly messages: readonly ClaimedMessage[];
  /**
   * When the oldest of these leases began, by the clock's monotonic time, for a store whose claims wait. @default the moment before the store was asked
   */
  readonly leasedAtMs?: number;
  /** An ordinary claim saw that suspects wait in this queue. */
  readonly suspectsWait: boolean;
  /** With no messages: when the next delayed one is due, from now, by the store's clock. Absent when none waits, or when messages were found. */
  readonly nextDueInMs?: number;
}

/** How one delivery ends. `followUps` are published by an `ack` or `reject` in the same step. `isDouble`, of a message with a `copyId` only: see `ReleaseOptions`. */
export type Settlement = { readonly lease: Lease; readonly followUps?: readonly RoutedMessage[] } & (
  | { readonly kind: "ack" }
  | { readonly kind: "release"; readonly delayMs: number; readonly isDouble?: true }
  | { readonly kind: "reject"; readonly reason: DeadLetterReason; readonly message: Message; readonly count: number }
);

/** What runs in a transaction of the store, given as `publish` takes it, and what it asks for at its end. */
export type TransactionWork<T> = (
  transaction: unknown,
) => Promise<{ readonly value: T; readonly settlement: Settlement }>;

/** What to look after. */
export interface SweepRequest {
  /** Declared queues, and dead-letter queues that are consumed; expired dead letters are those of a queue's own dead-letter queue. */
  readonly queues: readonly string[];
  /** A message whose losses reach this becomes a suspect. */
  readonly suspectAfter: number;
  /** At most so many messages in this step. */
  readonly max: number;
}

/** What a sweep did. */
export interface SweepOutcome {
  /** Messages taken back from consumers whose leases had ended. */
  readonly recovered: number;
  /** The step was full: sweep again soon. */
  readonly more: boolean;
}

/** What a store tells the engine. Calls must not throw, and may come at any time between `open` and the end of `close`. */
export interface StoreEvents {
  /** Messages may be ready, in one queue or in any. Too many calls are harmless, a missing one costs a fallback poll. */
  wake(queue?: string): void;
  /**
   * Messages that the store leased to this engine without being asked (hand-over to a sleeper). Counts against the claim that armed it.
   * @param leasedAtMs A moment before these leases began, by the clock's monotonic time, however late they are heard of: that of the claim that armed, say.
   */
  deliver(queue: string, messages: readonly ClaimedMessage[], leasedAtMs: number): void;
  /** The store went away; the engine will call `open` again. */
  lost(cause: Error): void;
}

/** How a helper thread renews leases of this store: a module and what to give it. */
export interface RenewalModule {
  /** URL of a module that exports `openRenewer: OpenRenewer`. */
  readonly url: string;
  /** Plain data, sent to the thread; memory that it is to share with the store may be among it. */
  readonly options: unknown;
}

/** Opens a connection of its own, in the thread. @param nowMs The event loop's monotonic time. */
export type OpenRenewer = (options: unknown, nowMs: () => number) => Promise<Renewer>;

/** Leases that were to be prolonged and were not. All others were. */
export interface Unrenewed {
  /** Not held any more. */
  readonly lost: readonly Lease[];
  /**
   * Could not be prolonged, though as far as is known they are held still: they are asked for again soon, for as long as they last. A {@link Renewer} gives here too what it
   * leaves to the event loop. @default none
   */
  readonly left?: readonly Lease[];
}

/** Renews leases in the thread. */
export interface Renewer {
  /** Prolongs leases; those of several queues side by side. Returns those it did not prolong, `null` for none. */
  extend(queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null>;
  close(): Promise<void>;
}

/** How calls that cost money are saved. */
export interface Gathering {
  /** What one call of the broker takes: batches are cut to multiples of it where there is more. */
  readonly size: number;
  /** How long fewer than `size` are held back for more, in ms. */
  readonly ms: number;
}

/** Facts about a store, fixed once it is open. */
export interface StoreFacts {
  readonly capabilities: Capabilities;
  /** How many publishes may be under way at once; further ones are joined into the next. */
  readonly publishesInFlight: number;
  /**
   * Queues are published to apart: `publishesInFlight` counts for each, a call of `publish` is about one, and one that takes its time keeps no other waiting. On the
   * way back each is declared by itself as well. @default false
   */
  readonly publishesApart?: boolean;
  /** Settlements of one queue go apart too, by the queue that their follow-ups go to. @default false */
  readonly settlesApart?: boolean;
  /** Largest batch one call of `publish`, `claim`, `extend` or `settle` takes. */
  readonly maxBatch: number;
  /** Absent: leases are renewed on the event loop only. */
  readonly renewal?: RenewalModule;
  /** Whether `deliver` is ever called. */
  readonly handsOver: boolean;
  /**
   * A wake-up always arrives while the connection is up, or sleepers must look again by themselves: how often at the most, in ms, while
   * they sleep. Engines back off to this value.
   */
  readonly fallbackPollMs: number;
  /** A claim waits in the broker until there is something, for seconds: it is told when nobody wants it any more. @default false */
  readonly claimsWait?: boolean;
  /** Settlements are gathered, since every call costs. @default they are not */
  readonly gathering?: Gathering;
}

/** Bindings kept in the store, for brokers that route nothing themselves. */
export interface BindingStore {
  /** Idempotent. @throws TOPOLOGY_MISMATCH when an exchange exists with another type */
  bind(exchanges: readonly ExchangeDeclaration[], bindings: readonly Binding[]): Promise<void>;
  /** `undefined` when the exchange was never declared. */
  read(
    exchange: string,
  ): Promise<{ readonly exchange: ExchangeDeclaration; readonly bindings: readonly Binding[] } | undefined>;
}

/**
 * What a pull broker must be able to do; the lease engine makes a `Connection` of it.
 *
 * The engine has already checked names, sizes, priorities and that queues are declared. All methods may be called in parallel; the store's own clock decides
 * what is due and what has ended. Calls under way when the store goes away reject. Errors are `LovageError`s:
 *
 * | error | meaning | the engine |
 * |---|---|---|
 * | any with `retryable` | nothing was written | tries again, with back-off, within its deadlines |
 * | `TRANSPORT_UNAVAILABLE` | the connection is lost | opens the store again as well |
 * | `TRANSPORT_BUSY` | the store is there, and puts the call off | tries again only |
 * | `PUBLISH_UNCERTAIN`, `PUBLISH_TIMEOUT`, `STORAGE_FULL`, `CLAIM_CHECK_UNAVAILABLE` | of a publish | tells its caller |
 */
export interface LeaseStore {
  /** Read after `open`. */
  readonly facts: StoreFacts;
  readonly admin: QueueAdmin;
  /** Absent: the engine keeps bindings in this process (`exchanges: "app"`). */
  readonly bindings?: BindingStore;
  readonly broadcast?: Broadcast;
  readonly schema?: StoreSchema;
  /** Connects, and makes the tables where it may. Called again after `lost`, and after a call failed with `TRANSPORT_UNAVAILABLE`. @throws TRANSPORT_UNAVAILABLE, SCHEMA_VERSION */
  open(events: StoreEvents): Promise<void>;
  /** Makes queues and their dead-letter queues exist. Idempotent. @throws FEATURE_UNSUPPORTED, TOPOLOGY_MISMATCH */
  declare(queues: readonly QueueDeclaration[]): Promise<void>;
  /** Where queues of one broker differ. Asked after the queue was declared; absent: all are as `facts.capabilities` says. */
  capabilitiesOf?(queue: string): Partial<QueueCapabilities>;
  /**
   * All or nothing; in order. Wakes sleepers once it is done. `transaction`: in the caller's transaction instead. A store without `atomicPublish` that took
   * some of several says so with PUBLISH_FAILED, whose failures name the others by their place.
   * @throws TRANSACTION_UNSUPPORTED before any I/O
   */
  publish(messages: readonly RoutedMessage[], transaction?: unknown): Promise<void>;
  /**
   * Work on a message that others of its queue need not wait for, such as keeping a large body elsewhere: what it gives is published. Asked only where `publishesApart` is set.
   * `undefined`: there is none.
   */
  prepare?(message: RoutedMessage): Promise<RoutedMessage> | undefined;
  /** Told what `prepare` made of a message that will never be sent, so that nothing is left of it. Not where it may have been accepted. */
  discard?(message: RoutedMessage): void;
  /** As `prepare`, of what goes out with a settlement. */
  prepareSettlement?(queue: string, settlement: Settlement): Promise<Settlement> | undefined;
  /** Makes due what is due, leases up to `max` messages. A claim that finds none arms the wake-up in the same step, so that no message falls between looking and sleeping. */
  claim(request: ClaimRequest): Promise<Claim>;
  /**
   * Whether suspects of a queue wait, by a look that takes nothing: asked while a worker makes room for one, which another may have run meanwhile.
   * Absent: it makes room until its time for that has passed.
   */
  suspectsWait?(queue: string): Promise<boolean>;
  /**
   * Resolves once no claim of a queue that was given up goes on in the broker, where it could take messages that nobody hears of when the connection is closed. Never
   * rejects. Absent where claims end with the wait for them.
   */
  claimsOver?(queue: string): Promise<void>;
  /** Prolongs leases. Returns those it did not prolong, `null` for none; rejects when it failed for all. */
  extend(queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null>;
  /**
   * Ends deliveries, in order, in one transaction where the store has them. A settlement whose lease is lost has no effect at all, and its follow-ups are not published.
   *
   * - A `reject` writes the message to the dead-letter queue, with its header `x-lovage-death` (`withDeath`).
   * - A store that could settle some of several, but not all, rejects with PUBLISH_FAILED, whose failures name by their place those that nothing became of. The engine asks
   *   for the others once more: the error does not say whose leases were lost.
   * - For one queue one call is under way at a time; with `settlesApart` one for each queue that something goes out to, and one for the rest.
   * - A call that failed is repeated before the next one begins, without leases that have ended meanwhile. While the connection closes it is not repeated.
   * - One that was put off (`TRANSPORT_BUSY`) is repeated in parts, by the other queues that its follow-ups go to, unless `settlesApart` is set. The first part is what has none,
   *   and may be empty: where it is put off as well, so is the queue itself, and all are repeated together. Else the parts that are put off come after other calls.
   * @returns the leases that were lost, `null` for none
   */
  settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null>;
  /**
   * Optional, where the store is a database of the user's: runs `work` once, in one transaction, and then ends the delivery in it by the settlement that `work` gives. `lost`: the lease
   * was not held any more, all was rolled back. What `work` throws rolls back and is thrown on. @throws PUBLISH_UNCERTAIN when the connection broke during the commit
   */
  transact?<T>(queue: string, work: TransactionWork<T>): Promise<{ readonly value: T } | "lost">;
  /** The store's clock, in Unix milliseconds. Absent where it is this machine's, or cannot be asked. @throws TRANSPORT_UNAVAILABLE */
  serverTimeMs?(): Promise<number>;
  /** One bounded step: messages whose lease has ended become ready (losses + 1) and wake sleepers; expired dead letters are dropped. */
  sweep(request: SweepRequest): Promise<SweepOutcome>;
  /** Lets go of everything. Idempotent, never rejects. Leases still held end by themselves: the engine released what it could. */
  close(): Promise<void>;
}
