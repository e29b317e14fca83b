import { ConfigurationError } from "../errors/configuration-error.ts";
import type { OptionsSchema } from "./options-schema.ts";
import { validateOptions } from "./validate-options.ts";

/**
 * Options as a schema gives them out.
 * @param what Whose options they are, for the error, such as `The backend redis://host`; without secrets.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) that tells every fault
 */
export function readOptions<Out>(schema: OptionsSchema<unknown, Out>, options: unknown, what: string): Out {
  const checked = validateOptions(schema, options);
  if (checked.issues === undefined) return checked.value;
  throw new ConfigurationError(`${what} has options it cannot take: ${checked.issues.join("; ")}.`);
}
