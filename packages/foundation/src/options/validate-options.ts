import { getDotPath, safeParse } from "valibot";

import type { Validated } from "./validate-schema.ts";
import type { OptionsSchema } from "./options-schema.ts";

/** Options as a schema gives them out, or all that is wrong with them. */
export function validateOptions<Out>(schema: OptionsSchema<unknown, Out>, options: unknown): Validated<Out> {
  const { success, output, issues } = safeParse(schema, options);
  if (success) return { value: output };
  return { issues: issues.map((issue) => [getDotPath(issue), issue.message].filter(Boolean).join(": ")) };
}
