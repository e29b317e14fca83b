import { quoteValue, suggestion } from "@lovage/foundation";
import { ScheduleValidationError } from "./schedule-errors.ts";

/**
 * Refuses options that nobody reads: with a mistyped time zone a schedule would come at other times, in silence.
 * @param of Whose options they are, for the error: `crontab`.
 * @throws SCHEDULE_INVALID, with a suggestion
 */
export function checkScheduleOptions(options: unknown, of: string, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ScheduleValidationError(
      `${of} takes an object with ${known.join(" and ")}; it is ${quoteValue(options)}.`,
    );
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const choices = suggestion(unknown, known) || ` It has ${known.join(", ")}.`;
  throw new ScheduleValidationError(`${of} has no option ${quoteValue(unknown)}.${choices}`);
}
