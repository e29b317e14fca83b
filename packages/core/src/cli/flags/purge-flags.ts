import type { GlobalOptions } from "../global-options.ts";

/** What `lovage purge` was told. */
export interface PurgeFlags extends GlobalOptions {
  readonly yes?: boolean;
}
