import type { Schedule } from "./schedule.ts";

/** Whether a value is a schedule. */
export function isSchedule(value: unknown): value is Schedule {
  if (typeof value !== "object" || value === null) return false;
  return ["next", "previous", "toJSON"].every((name) => typeof Reflect.get(value, name) === "function");
}
