import type { StandardSchemaV1 } from "@standard-schema/spec";

import { OptionError } from "../errors/option-error.ts";
import { validate } from "./validate-schema.ts";

/**
 * Options as the schema of a driver gives them out.
 * @param whose Whose options they are, for the error, such as `the Redis transport`.
 * @throws OptionError (`OPTION_INVALID`) that tells every fault
 */
export async function checkOptions<Out>(
  schema: StandardSchemaV1<unknown, Out>,
  options: unknown,
  whose: string,
): Promise<Out> {
  const checked = await validate(schema, options);
  if (checked.issues === undefined) return checked.value;
  throw new OptionError(`The options of ${whose} cannot be used: ${checked.issues.join("; ")}.`, { field: "options" });
}
