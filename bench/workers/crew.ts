import type { Peer } from "../peers/peer.ts";
import type { RunLog } from "./run-log.ts";

/** How much workers tell: how many jobs have begun, or each of them with its instant. */
export type Telling = "count" | "each";

/** What a crew is made of. */
export interface CrewOptions {
  readonly peer: Peer;
  readonly folder: string;
  /** Worker processes; a peer whose workers are in the process has one. */
  readonly size: number;
  readonly telling: Telling;
  readonly runs: RunLog;
  /** Whether worker processes run what was built, as a user's do, instead of sources. @default false */
  readonly isBuilt?: boolean;
}

/** What a process takes. */
export interface Usage {
  /** On the machine's clock. */
  readonly atMs: number;
  readonly rssMb: number;
  /** CPU time since the process began. */
  readonly cpuMs: number;
}

/** Workers that are loaded and connected, and take nothing before `start`. */
export interface Crew {
  start(): Promise<void>;
  /** Resolves when all that was taken is acknowledged. */
  stop(): Promise<void>;
  /** What the first process takes now. */
  usage(): Promise<Usage>;
}
