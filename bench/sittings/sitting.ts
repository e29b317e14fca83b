import type { Result } from "../figures/result.ts";
import type { Store } from "../peers/store.ts";
import type { ServerFacts } from "../servers/bench-server.ts";
import type { Environment } from "./environment.ts";

/** What all of one run of the bench has alike. */
export interface SittingFacts {
  /** When it began, ISO 8601. */
  readonly startedAt: string;
  /** Of the sources; with "+" when they were changed since. */
  readonly commit: string;
  /** The machine's load average of one minute before anything was measured: what others did on it. */
  readonly load: number;
  readonly environment: Environment;
}

/** One case on the peers of one store, measured in turn (A B A B) in one run of the bench. No ratio is made of the figures of two sittings. */
export interface Sitting extends SittingFacts {
  readonly case: string;
  readonly store: Store;
  /** The store's server, if it has one. */
  readonly server?: ServerFacts | undefined;
  /** Of the peers' packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The same before each turn, what was measured before included. */
  readonly loads: readonly number[];
  readonly results: readonly Result[];
  /** Why peers have no result that were asked, by name. */
  readonly failed: Readonly<Record<string, string>>;
}

/** Whether a sitting has figures of all these peers. */
export function hasAll({ results }: Sitting, peers: readonly string[]): boolean {
  return peers.every((name) => results.some(({ peer }) => peer === name));
}
