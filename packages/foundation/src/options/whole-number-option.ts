import { custom, optional, pipe, transform, unknown } from "valibot";

import type { OptionSchema } from "./option-schema.ts";
import { readDigits } from "./read-digits.ts";

/** What a whole number may be. */
export interface NumberBounds {
  readonly min: number;
  /** @default the largest that a number holds exactly */
  readonly max?: number;
}

/** A whole number as an option; it may be a text of digits, as it comes from a URL. */
export function wholeNumberOption({ min, max = Number.MAX_SAFE_INTEGER }: NumberBounds): OptionSchema<number> {
  const isInBounds = (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  const bounds = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
  const number = pipe(
    unknown(),
    transform(readDigits),
    custom<number>(isInBounds, `must be a whole number, ${bounds}`),
  );
  return optional(number) as OptionSchema<number>;
}
