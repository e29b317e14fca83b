import { quoteValue } from "@lovage/foundation";
import { array, literal, number, object, optional, record, safeParse, string, union, variant } from "valibot";
import { at } from "./at.ts";
import { crontab } from "./crontab.ts";
import { every } from "./every.ts";
import { ScheduleValidationError } from "./schedule-errors.ts";
import type { SolarEvent } from "./schedule-spec.ts";
import type { Schedule } from "./schedule.ts";
import { solar } from "./solar.ts";

const field = optional(union([string(), number(), array(number())]));
const schema = variant("type", [
  object({ type: literal("at"), atMs: number() }),
  object({ type: literal("every"), intervalMs: number(), anchorMs: number() }),
  object({
    type: literal("crontab"),
    expression: union([string(), record(string(), field)]),
    timezone: string(),
  }),
  object({ type: literal("solar"), event: string(), latitude: number(), longitude: number() }),
]);

/** A schedule out of its data. @throws SCHEDULE_INVALID */
export function readScheduleSpec(value: unknown): Schedule {
  const { success, output: data } = safeParse(schema, value);
  if (!success) {
    throw new ScheduleValidationError(`${quoteValue(value)} is no schedule that this release can read.`);
  }
  switch (data.type) {
    case "at":
      return at(new Date(data.atMs));
    case "every":
      return every(data.intervalMs, { anchor: new Date(data.anchorMs) });
    case "crontab":
      return crontab(data.expression, { timezone: data.timezone });
    case "solar":
      return solar(data.event as SolarEvent, { latitude: data.latitude, longitude: data.longitude });
    default:
      return data satisfies never;
  }
}
