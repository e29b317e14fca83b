import { boolean, optional, pipe, transform, unknown } from "valibot";

import type { OptionSchema } from "./option-schema.ts";

/** A flag as an option; `true` and `false` may be texts, as they come from a URL. */
export const flagOption: OptionSchema<boolean> = optional(
  pipe(
    unknown(),
    transform((value) => (value === "true" ? true : value === "false" ? false : value)),
    boolean("must be true or false"),
  ),
) as OptionSchema<boolean>;
