import { custom, optional, pipe, rawTransform } from "valibot";

import { parseDuration, type Duration } from "../time/duration.ts";
import { isLovageError } from "../errors/error.ts";
import type { OptionSchema } from "./option-schema.ts";
import { readDigits } from "./read-digits.ts";

/** What a duration may be, in ms. */
export interface DurationBounds {
  readonly min: number;
  readonly max: number;
}

/** A duration as an option: a number of ms, also as a text of digits from a URL, or a text such as "30s"; given out in ms. */
export function durationOption(field: string, { min, max }: DurationBounds): OptionSchema<number, Duration> {
  const anything = custom<Duration>(() => true);
  const duration = rawTransform<Duration, number>(({ dataset, addIssue, NEVER }) => {
    try {
      return parseDuration(readDigits(dataset.value), { field, min, max });
    } catch (error) {
      if (!isLovageError(error)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  });
  return optional(pipe(anything, duration));
}
