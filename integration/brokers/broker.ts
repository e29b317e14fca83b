import type { Connection } from "@lovage/transport";

/** Where the messages and results of one test are. */
export interface Place {
  /** URL of the broker, with the lease and sweep of the test. */
  readonly broker: string;
  /** URL of the backend. */
  readonly backend: string;
  /** Opens the transport without an app, to put messages there that no producer of ours would send. */
  openTransport(): Promise<Connection>;
}

/** How often and for how long things happen in a test; the defaults are ten times as long. */
export interface Pace {
  /** L of the fault matrix. */
  readonly leaseMs: number;
  /** S of the fault matrix. */
  readonly sweepMs: number;
}

/**
 * A broker that the fault matrix is run against. Every scenario is written once; a further broker is one more of these, in `brokers.ts`.
 */
export interface Broker {
  /** As in its URLs. */
  readonly name: string;
  /** Rows of the fault matrix that do not apply, each with the reason. They are listed in docs/guarantees.md. */
  readonly exemptions: Readonly<Record<number, string>>;
  /** A place of its own for one test. @param directory An empty one, removed after the test. */
  place(directory: string, pace: Pace): Place;
}
