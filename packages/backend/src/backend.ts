import type { DriverModule, DriverOpening, StoreSchema } from "@lovage/foundation";
import type { Coordination } from "./coordination.ts";
import type { Joins } from "./joins.ts";
import type { Results } from "./results.ts";
import type { Schedules } from "./schedules.ts";

/** What an open backend can do, as data. Which parts it has is told by the parts themselves. */
export interface BackendCapabilities {
  /** Who else sees what is stored. */
  readonly reach: "process" | "machine" | "network";
  /** What an accepted record survives. */
  readonly durability: "none" | "process" | "power" | "node";
  /** Who may read a result: anybody with the id, or only the process that sent the task (`rpc:`). */
  readonly readers: "any" | "caller";
  /** Watchers are told by the store, or by looking again and again. */
  readonly watch: "push" | "poll";
  /** Largest result document, in bytes. */
  readonly maxDocumentBytes: number;
}

/**
 * An open backend. A part that is absent is not offered; a feature that needs it is refused when the app starts. After `close` every method of
 * every part rejects with `CLOSED`.
 */
export interface Backend {
  readonly capabilities: BackendCapabilities;
  readonly results?: Results;
  readonly joins?: Joins;
  readonly coordination?: Coordination;
  readonly schedules?: Schedules;
  readonly schema?: StoreSchema;
  /**
   * The store's clock, in Unix milliseconds: expiry, locks and limits go by it. Absent where it is this machine's, or the store does not tell it.
   * @throws BACKEND_UNAVAILABLE
   */
  serverTimeMs?(): Promise<number>;
  /** Removes some of what has expired, in one bounded step; returns how much. Readers never see expired records, swept or not. */
  sweep(): Promise<number>;
  /** Ends watches, lets go of the store, leaves nothing behind. Idempotent, works while blocked, never rejects. */
  close(): Promise<void>;
}

/** A place that a URL and the options beside it name, unread. */
export interface BrokerLocation {
  readonly url: string;
  readonly [option: string]: unknown;
}

/** What a runtime gives to a backend when it opens it, beside the URL and the options. */
export interface BackendOpening<Options> extends DriverOpening<Options> {
  /**
   * Where the app's broker is, in the order in which it is tried: for a backend whose results travel over the broker, and whose URL may leave open
   * which (`rpc://`). @default not known: the app was given an opened broker, or there is no app
   */
  readonly broker?: readonly BrokerLocation[];
}

/** What a backend package exports as `backend`. */
export interface BackendDriver<Options = unknown> extends DriverModule<Options, Backend> {
  /** Connects. @throws BACKEND_UNAVAILABLE when the store cannot be reached, CONFIGURATION_INVALID, SCHEMA_VERSION */
  open(opening: BackendOpening<Options>): Promise<Backend>;
}
