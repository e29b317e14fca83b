import { custom, optional } from "valibot";

import type { OptionSchema } from "./option-schema.ts";

/** A function of the user's; never text of a URL. */
export function functionOption<T extends (...args: never[]) => unknown>(): OptionSchema<T> {
  return optional(custom<T>((value) => typeof value === "function", "must be a function"));
}
