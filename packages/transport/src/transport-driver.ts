import type { DriverModule, DriverOpening } from "@lovage/foundation";
import type { Connection, ConnectionState } from "./connection.ts";

/** What a runtime gives to a transport when it opens it, beside the URL and the options. */
export interface TransportOpening<Options> extends DriverOpening<Options> {
  /**
   * Where leases are renewed: on the event loop, or from a helper thread, which keeps them while user code blocks the loop
   * (for at most 10 minutes). Without meaning for brokers without leases. @default "loop"
   */
  readonly renewal?: "loop" | "thread";
  /** Told of each change of `Connection.state`, with the error that caused it. Must not throw. */
  readonly onState?: (state: ConnectionState, cause?: Error) => void;
}

/** What a transport package exports as `transport`. */
export interface TransportDriver<Options = unknown> extends DriverModule<Options, Connection> {
  /** Connects. @throws TRANSPORT_UNAVAILABLE when the broker cannot be reached, CONFIGURATION_INVALID, SCHEMA_VERSION */
  open(opening: TransportOpening<Options>): Promise<Connection>;
}
