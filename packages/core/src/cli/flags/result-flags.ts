import type { GlobalOptions } from "../global-options.ts";

/** What `lovage result` was told. */
export interface ResultFlags extends GlobalOptions {
  readonly wait?: boolean;
  readonly timeout?: number;
}
