import { optional, pipe, regex, string } from "valibot";

import type { OptionSchema } from "./option-schema.ts";

/**
 * A text as an option.
 * @param form What it must match. @default it must not be empty
 * @param what Says what that is, after "must be".
 */
export function textOption(form: RegExp = /^.+$/s, what = "a text that is not empty"): OptionSchema<string> {
  return optional(pipe(string(`must be ${what}`), regex(form, `must be ${what}`)));
}
