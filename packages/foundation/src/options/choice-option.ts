import { optional, picklist } from "valibot";

import type { OptionSchema } from "./option-schema.ts";

/** One of some words as an option. */
export function choiceOption<const Word extends string>(words: readonly Word[]): OptionSchema<Word> {
  return optional(picklist(words, `must be one of ${words.join(", ")}`));
}
