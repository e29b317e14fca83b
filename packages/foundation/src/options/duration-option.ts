import { custom, optional, pipe, rawTransform } from "valibot";

import { parseDuration, type Duration } from "../duration.ts";
import { isLovageError } from "../error.ts";
import type { OptionSchema } from "./option-schema.ts";

/** What a duration may be, in ms. */
export interface DurationBounds {
  readonly min: number;
  readonly max: number;
}

/** A duration as an option: a number of ms or a text such as "30s", given out in ms. */
export function durationOption(field: string, { min, max }: DurationBounds): OptionSchema<number, Duration> {
  const anything = custom<Duration>(() => true);
  const duration = rawTransform<Duration, number>(({ dataset, addIssue, NEVER }) => {
    try {
      return parseDuration(dataset.value, { field, min, max });
    } catch (error) {
      if (!isLovageError(error)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  });
  return optional(pipe(anything, duration));
}
