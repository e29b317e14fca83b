import { OptionError } from "@lovage/foundation";
import { readDuration } from "./read-duration.ts";

const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** An instant in ISO 8601 with its time zone. @throws OPTION_INVALID */
export function readInstant(text: string): Date {
  const instant = new Date(text);
  if (isoInstant.test(text) && !Number.isNaN(instant.getTime())) return instant;
  throw new OptionError(
    "An instant is written as 2026-12-24T18:00:00Z, or with another time zone as 2026-12-24T18:00:00+01:00.",
    { field: "instant" },
  );
}

/** A duration from now, in ms, or an instant. @throws OPTION_INVALID */
export function readDurationOrInstant(text: string): number | Date {
  return /^\d{4}-/.test(text) ? readInstant(text) : readDuration(text);
}
