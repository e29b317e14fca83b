import { optional, pipe, rawCheck, string } from "valibot";

import { isLovageError } from "../errors/error.ts";
import type { OptionSchema } from "./option-schema.ts";

/** A text as an option. @param check Throws a LovageError for one that cannot be taken; its message is told. */
export function checkedTextOption(check: (text: string) => unknown): OptionSchema<string> {
  const checked = rawCheck<string>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      check(dataset.value);
    } catch (error) {
      if (!isLovageError(error)) throw error;
      addIssue({ message: error.message });
    }
  });
  return optional(pipe(string("must be a text"), checked));
}
