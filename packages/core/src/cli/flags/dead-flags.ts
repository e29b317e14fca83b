import type { GlobalOptions } from "../global-options.ts";

/** What `lovage dead list` was told. */
export interface DeadListFlags extends GlobalOptions {
  readonly limit: number;
  readonly json?: boolean;
}

/** What `lovage dead replay` and `lovage dead drop` were told: one of the first three. */
export interface DeadChangeFlags extends GlobalOptions {
  readonly ids?: readonly string[];
  readonly limit?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}
