import type { Clock } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";

/**
 * The clock that the broker and the connections of a harness go by. With `advance` it is virtual and the kit moves it; a
 * driver that does real I/O takes the system's clock and short leases instead.
 */
export type TestClock = Clock & { readonly advance?: (ms: number) => Promise<void> };

/** Faults that a harness can bring about. A case that needs one which is absent is not run, and says so. */
export interface FaultControls {
  /**
   * Ends the connection as `kill -9` ends a process: nothing is released, nothing is called any more. Needs not to wait.
   * @default `freeze` without a thaw, where there is that
   */
  readonly crash?: (connection: Connection) => Promise<void>;
  /**
   * Stops the connection as SIGSTOP stops a process: it neither renews nor takes nor answers, and calls made on it wait.
   * Resolves to the function that thaws it (SIGCONT).
   */
  readonly freeze?: (connection: Connection) => Promise<() => Promise<void>>;
  /**
   * Lets the broker answer this connection no more, without an error (a black hole); the connection itself lives and keeps its time.
   * Resolves to the function that ends it.
   */
  readonly stall?: (connection: Connection) => Promise<() => Promise<void>>;
  /** Breaks the connection's link to the broker once; the broker stays, and the connection has to come back by itself. */
  readonly cut?: (connection: Connection) => Promise<void>;
  /** Stops the broker and starts it again, with its data or empty. Resolves when it runs again. */
  readonly restart?: (options: { readonly withData: boolean }) => Promise<void>;
}

/** A transaction of the caller's, as `PublishOptions.transaction` takes it. */
export interface CallerTransaction {
  readonly transaction: unknown;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** One broker under test, and ways to reach it. Made anew for every case (for every suite in stress mode). */
export interface TransportHarness {
  readonly clock: TestClock;
  /** How long a lease of its connections is; a second or so, so that the suite is quick. Ignored where recovery is by connection. */
  readonly leaseMs: number;
  /** How often its connections sweep. */
  readonly sweepMs: number;
  /**
   * How long a claim may go on in the broker whose connection is gone: the message that it takes is hidden for a lease, and counts as lost.
   * @default as long as a request may be on its way
   */
  readonly claimMs?: number;
  /** The broker takes back by itself what reaches a consumer in the moment in which that ends, and counts it as lost once. @default false */
  readonly countsLateArrivals?: boolean;
  /** By how much more than usual what became due while the broker was away, or started, may be late. @default 0 */
  readonly lateAfterRestartMs?: number;
  readonly controls?: FaultControls;
  /** Opens a further connection to the same broker, as another process would. The kit closes it. */
  open(): Promise<Connection>;
  /** Begins a transaction that `publish` of this connection takes. Only where `capabilities.transactions` is not `null`. */
  begin?(connection: Connection): Promise<CallerTransaction>;
  /** Whether deliveries of its connections have `transact`; `publish` of the same connection takes the transaction. @default false */
  readonly transacts?: boolean;
  /** A name for a queue, exchange or channel that nobody else uses. @default `conformance-` and random letters */
  newName?(): string;
  /** Lets go of the broker, after all connections were closed. */
  close(): Promise<void>;
}
