import type { GlobalOptions } from "../global-options.ts";

/** What `lovage call` was told. */
export interface CallFlags extends GlobalOptions {
  readonly args: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly queue?: string;
  readonly countdown?: number;
  readonly eta?: Date;
  readonly expires?: number | Date;
  readonly priority?: number;
  readonly taskId?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly force?: boolean;
}
