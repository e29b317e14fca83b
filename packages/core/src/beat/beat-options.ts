import { parseDuration } from "@lovage/foundation";
import type { Duration } from "@lovage/foundation";
import { checkKnown } from "../app/check-option.ts";

/** How a beat works. */
export interface BeatOptions {
  /** How long a leader that has died is waited for. Another takes over within this time and a fifth. 1 s or more. @default "10s" */
  readonly lease?: Duration | undefined;
  /** How often the store is looked at for changes while nothing is due. @default "5s" */
  readonly reload?: Duration | undefined;
}

/** {@link BeatOptions}, checked, with defaults, in ms. */
export interface ResolvedBeatOptions {
  readonly leaseMs: number;
  readonly reloadMs: number;
}

/** Shortest lease of a leader. */
export const minLeaseMs = 1_000;

/** @throws OPTION_INVALID */
export function resolveBeatOptions(options: BeatOptions): ResolvedBeatOptions {
  checkKnown(options, "beat", ["lease", "reload"]);
  const { lease = "10s", reload = "5s" } = options;
  return {
    leaseMs: parseDuration(lease, { field: "lease", min: minLeaseMs }),
    reloadMs: parseDuration(reload, { field: "reload", min: 100 }),
  };
}
