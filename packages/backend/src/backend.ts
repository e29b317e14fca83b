import type { DriverModule, StoreSchema } from "@lovage/foundation";
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
  /** Removes some of what has expired, in one bounded step; returns how much. Readers never see expired records, swept or not. */
  sweep(): Promise<number>;
  /** Ends watches, lets go of the store, leaves nothing behind. Idempotent, works while blocked, never rejects. */
  close(): Promise<void>;
}

/** What a backend package exports as `backend`. `open` rejects with `BACKEND_UNAVAILABLE` when the store cannot be reached. */
export type BackendDriver<Options = unknown> = DriverModule<Options, Backend>;
