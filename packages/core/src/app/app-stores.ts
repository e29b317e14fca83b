import type { Backend } from "@lovage/backend";
import { Once } from "@lovage/foundation";
import type { Log } from "@lovage/foundation";
import type { Connection, ConnectionState } from "@lovage/transport";
import { combineBackends } from "./combine-backends.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { openBackend, openTransport } from "./open-driver.ts";
import type { OpeningOptions } from "./open-driver.ts";
import type { Source } from "./configuration/source.ts";

/** What the stores of an app are opened with. */
export interface AppStoresOptions {
  configuration(): Configuration;
  /** What drivers get of the app. */
  opening(): OpeningOptions;
}

type Renewal = "loop" | "thread";

/** The app's one connection and one backend: each opened when it is first asked for, for all who ask. */
export class AppStores {
  readonly #options: AppStoresOptions;
  readonly #connection = new Once((renewal: Renewal) => this.#openConnection(renewal));
  readonly #results = new Once(() => this.#openBackend(this.#options.configuration().backend));
  readonly #coordination = new Once(() => this.#openBackend(this.#options.configuration().coordination));
  #combined: Backend | undefined;
  /** How the connection that is open renews leases. */
  #renewal: Renewal | undefined;

  constructor(options: AppStoresOptions) {
    this.#options = options;
  }

  /** Whether any is open, or being opened: what they are is settled then. */
  get isBegun(): boolean {
    return this.#connection.isBegun || this.#results.isBegun || this.#coordination.isBegun;
  }

  async connection(renewal: Renewal): Promise<Connection> {
    const connection = await this.#connection.run(renewal);
    const isTooLate = renewal === "thread" && this.#renewal === "loop";
    if (isTooLate && connection.capabilities.recovery === "lease") {
      this.#options
        .opening()
        .log.warn(
          "Leases are renewed on the event loop, not from a thread: the app had made calls before this worker was started. A task that blocks the event loop for longer than a lease runs twice. Start the worker first.",
        );
    }
    return connection;
  }

  async backend(): Promise<Backend | undefined> {
    // Both begun at once: `close` waits for what is under way, and would not know of one that is begun later.
    const [results, coordination] = await Promise.all([this.#results.run(), this.#coordination.run()]);
    if (coordination === undefined) return results;
    return (this.#combined ??= combineBackends(results, coordination));
  }

  /** Closes what was opened here; what the user opened stays open. Waits for openings under way. */
  async close(): Promise<void> {
    const { broker, backend, coordination } = this.#options.configuration();
    await Promise.all([
      closeOwn(broker, this.#connection),
      closeOwn(backend, this.#results),
      closeOwn(coordination, this.#coordination),
    ]);
  }

  #openConnection(renewal: Renewal): Promise<Connection> {
    const opening = this.#options.opening();
    const log = opening.log.child({ part: "transport" });
    const { broker } = this.#options.configuration();
    // One that the user has opened renews as it was told to.
    this.#renewal = "opened" in broker ? undefined : renewal;
    return openTransport(broker, { ...opening, log, renewal, onState: tellState(log) });
  }

  async #openBackend(source: Source<Backend> | undefined): Promise<Backend | undefined> {
    if (source === undefined) return undefined;
    const opening = this.#options.opening();
    const { broker } = this.#options.configuration();
    const locations = "locations" in broker ? { broker: broker.locations } : {};
    return openBackend(source, { ...opening, ...locations, log: opening.log.child({ part: "backend" }) });
  }
}

async function closeOwn<Args extends readonly unknown[]>(
  source: Source<unknown> | undefined,
  store: Once<{ close(): Promise<void> } | undefined, Args>,
): Promise<void> {
  const opened = await store.end();
  if (source !== undefined && !("opened" in source)) await opened?.close();
}

function tellState(log: Log): (state: ConnectionState, cause?: Error) => void {
  return (state, error) => {
    if (state === "reconnecting") log.warn("The broker is away; reconnecting.", { error });
    else log.debug(`The connection to the broker is ${state}.`);
  };
}
