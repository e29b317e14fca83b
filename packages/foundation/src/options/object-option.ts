import { custom, optional } from "valibot";

import type { OptionSchema } from "./option-schema.ts";

/**
 * An object as an option, such as a client that the user has made.
 * @param isFit Whether it is one of those that can be used. @default any object
 * @param what Says what it must be, after "must be".
 */
export function objectOption<T extends object>(
  isFit: (value: object) => boolean = () => true,
  what = "an object",
): OptionSchema<T> {
  const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && isFit(value);
  return optional(custom<T>(isObject, `must be ${what}`));
}
