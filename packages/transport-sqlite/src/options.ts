import type { Synchronous } from "@lovage/client-sqlite";
import { leaseOptions, type LeaseOptions, type ParsedLeaseOptions } from "@lovage/lease-engine";
import { choiceOption, optionsSchema, type OptionsSchema } from "@lovage/foundation";

/** Options of the SQLite transport, beside the URL or in its query. */
export interface SqliteTransportOptions extends LeaseOptions {
  /** What an accepted message survives: `normal` a crash of the program, `full` and `extra` the loss of power as well. @default "full" */
  readonly synchronous?: Synchronous | undefined;
}

/** {@link SqliteTransportOptions}, checked: durations in ms. */
export interface ParsedSqliteOptions extends ParsedLeaseOptions {
  readonly synchronous?: Synchronous | undefined;
}

/** Checks the options; refuses unknown ones. Texts, as they come from a URL's query, are read too. */
export const sqliteTransportOptions: OptionsSchema<SqliteTransportOptions, ParsedSqliteOptions> = optionsSchema<
  SqliteTransportOptions,
  ParsedSqliteOptions
>({
  ...leaseOptions,
  synchronous: choiceOption(["normal", "full", "extra"]),
});

/** Names that may stand in the query of a URL. */
export const optionNames: readonly string[] = [...Object.keys(leaseOptions), "synchronous"];
