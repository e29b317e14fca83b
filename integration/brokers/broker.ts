import type { Connection } from "@lovage/transport";
import type { OwnRung } from "../services/ladder/server-maker.ts";
import type { ServiceName } from "../services/service-name.ts";
import type { Server } from "../services/service.ts";

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

/** What a place is made of. */
export interface Site {
  /** An empty directory of the test's own, removed after it. Its last part is nobody else's name. */
  readonly directory: string;
  readonly pace: Pace;
  /** URL of the server, or of a proxy before it. Empty for a broker without a server. */
  readonly url: string;
}

/**
 * A broker that the fault matrix is run against. Every scenario is written once; a further broker is one more of these, in `brokers.ts`.
 */
export interface Broker {
  /** As in its URLs. */
  readonly name: string;
  /** Rows of the fault matrix that do not apply, each with the reason. They are listed in docs/guarantees.md. */
  readonly exemptions: Readonly<Record<number, string>>;
  /** Of a variant of another broker: the rows in which it may differ. By default these alone are run. @default all */
  readonly variantRows?: readonly number[];
  /**
   * The suites of its drivers, and those of what only it has, as paths of test files or their beginnings: with the rows they are what evidence on it is
   * made of.
   */
  readonly suites: readonly string[];
  /** The service that it is. Absent: there is no server. */
  readonly service?: ServiceName;
  /**
   * Whether its server takes seconds to start: then all scenarios share one that do not disturb it. @default false: each test file starts a server of
   * its own
   */
  readonly isSlowToStart?: boolean;
  /** How that server may be come by. @default a container or a private one */
  readonly rungs?: readonly OwnRung[];
  /** Its backend goes by a clock of its own and tells it. @default false */
  readonly tellsTime?: true;
  /** Its workers keep what they hold from their event loop, so that a block of it loses that. @default false: a helper thread does */
  readonly renewsOnLoop?: true;
  /** Another server for what a broker here stands for already: it is run only where it is named. @default false */
  readonly isSecondOpinion?: true;
  /** It keeps all in memory, so that its end is the end of that: what takes it away for a while does not apply. @default false */
  readonly forgets?: true;
  /** Of scenarios with very many messages, the share that it is given. @default 1 */
  readonly bulkShare?: number;
  /** A place of its own for one test. The same place for the same directory, whatever the URL. */
  place(site: Site): Place;
  /** Makes the place of a test on its server, before anybody opens it. Absent: there is nothing to make. */
  prepare?(server: Server, directory: string): Promise<void>;
  /** Has the server write down what it would lose of itself, not of what it has accepted, when it is killed in the next moment. Absent: nothing. */
  beforeKill?(server: Server): Promise<void>;
  /** Makes the broker useless while something is done. Only of a broker without a server; a server is killed for that. */
  whileAway?<T>(directory: string, work: () => Promise<T>): Promise<T>;
  /** How much it has stored, for all that share its server. Absent: it does not tell. */
  storeBytes?(site: Pick<Site, "directory" | "url">): Promise<number>;
}
