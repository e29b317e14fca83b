import type { GlobalOptions } from "../global-options.ts";

/** What `lovage queues` was told. */
export interface QueuesFlags extends GlobalOptions {
  readonly json?: boolean;
}
