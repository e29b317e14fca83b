import { postgresOptionNames, postgresOptions, type PostgresOptions } from "@lovage/client-postgres";
import { leaseOptions, type LeaseOptions, type ParsedLeaseOptions } from "@lovage/lease-engine";
import { optionsSchema, type OptionsSchema } from "@lovage/foundation";

/** Options of the PostgreSQL transport, beside the URL; most may stand in its query. */
export interface PostgresTransportOptions extends LeaseOptions, PostgresOptions {}

/** {@link PostgresTransportOptions}, checked: durations in ms. */
export interface ParsedPostgresOptions extends ParsedLeaseOptions, PostgresOptions {}

/** Checks the options; refuses unknown ones. Texts, as they come from a URL's query, are read too. */
export const postgresTransportOptions: OptionsSchema<PostgresTransportOptions, ParsedPostgresOptions> = optionsSchema<
  PostgresTransportOptions,
  ParsedPostgresOptions
>({
  ...leaseOptions,
  ...postgresOptions,
});

/** Names that may stand in the query of a URL. */
export const optionNames: readonly string[] = [...Object.keys(leaseOptions), ...postgresOptionNames];
