import type { ServiceName } from "../../integration/services/service-name.ts";
import type { OwnServer } from "../../integration/services/service.ts";

/** What figures on a server depend on. */
export interface ServerFacts {
  readonly service: ServiceName;
  /** Name and version, as they are printed. */
  readonly version: string;
  /** What is on disk when a job counts as accepted: the same for all peers. */
  readonly durability: string;
}

/** A server of the benchmarks, which nobody else uses. */
export interface BenchServer extends AsyncDisposable {
  readonly facts: ServerFacts;
  /** Throws away what was measured before, and gives the URL of a place where nothing is. */
  freshUrl(): Promise<string>;
}

/** What is particular about the server of one service. */
export interface ServerRecipe {
  /** Settings beside those of the test servers. */
  readonly settings: readonly string[];
  readonly durability: string;
  versionOf(server: OwnServer): Promise<string>;
  /** See {@link BenchServer.freshUrl}. */
  freshUrl(server: OwnServer): Promise<string>;
}
