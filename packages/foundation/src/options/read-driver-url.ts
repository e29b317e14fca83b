import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { DriverOpening } from "../drivers/driver.ts";
import { checkOptions } from "./check-options.ts";
import { queryOptions } from "./query-options.ts";

/** What a driver takes in its URL. */
export interface DriverUrlForm<Options> {
  /** Of all its options, those that cannot stand in a URL among them. */
  readonly schema: StandardSchemaV1<unknown, Options>;
  /** Names of the options that may stand in the query. */
  readonly names: readonly string[];
  /** Whose URL it is, for errors, such as `the Redis transport`. */
  readonly whose: string;
}

/** A URL as {@link readDriverUrl} has read it. */
export interface DriverUrl<Options> {
  /** The URL up to its question mark. */
  readonly base: string;
  /** Those in the query and those beside the URL. */
  readonly options: Options;
}

/**
 * Takes the URL of an opening apart, and joins the options in it with those beside it, which are nearer to the user and go before.
 * @throws OPTION_INVALID for a value that is not accepted, CONFIGURATION_INVALID for an unknown name
 */
export async function readDriverUrl<Options extends object>(
  { url, options: beside }: Pick<DriverOpening<Options>, "url" | "options">,
  { schema, names, whose }: DriverUrlForm<Options>,
): Promise<DriverUrl<Options>> {
  const { base, options: query } = queryOptions(url, names);
  return { base, options: { ...(await checkOptions(schema, query, whose)), ...beside } };
}
