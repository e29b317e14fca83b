import type { TimesFlags } from "../values/read-times.ts";
import type { GlobalOptions } from "../global-options.ts";

/** What `lovage schedules list`, `next` and `run` were told. */
export interface SchedulesFlags extends GlobalOptions {
  readonly json?: boolean;
  readonly count: number;
}

/** What `lovage schedules set` was told: one of cron, every and at. */
export interface ScheduleSetFlags extends GlobalOptions, TimesFlags {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly queue?: string;
  readonly force?: boolean;
}

/** Changes of one schedule that need no more than its name. */
export type ScheduleChange = "pause" | "resume" | "remove";
