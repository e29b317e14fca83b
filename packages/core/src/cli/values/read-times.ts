import { at } from "../../beat/schedule/at.ts";
import { crontab } from "../../beat/schedule/crontab.ts";
import { every } from "../../beat/schedule/every.ts";
import type { Schedule } from "../../beat/schedule/schedule.ts";

/** When a schedule comes, as the command line says: one of three. */
export interface TimesFlags {
  readonly cron?: string;
  readonly timezone?: string;
  readonly every?: number;
  readonly at?: Date;
}

/** The times of a schedule. @throws SCHEDULE_INVALID, OPTION_INVALID */
export function readTimes({ cron, timezone, every: intervalMs, at: instant }: TimesFlags): Schedule {
  if (cron !== undefined) return crontab(cron, { timezone });
  return instant === undefined ? every(intervalMs ?? 0) : at(instant);
}
