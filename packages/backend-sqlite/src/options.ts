import { choiceOption, optionsSchema, readOptions, wholeNumberOption, type OptionsSchema } from "@lovage/foundation";
import type { Synchronous } from "@lovage/client-sqlite";

/** Options that may stand beside a `sqlite:` URL. */
export interface SqliteBackendOptions {
  /**
   * What a commit survives: `full` and `extra` a loss of power, `normal` a crash of the program.
   * @default "full"
   */
  readonly synchronous?: Synchronous | undefined;
  /**
   * Largest result document, in bytes.
   * @default 16 MiB
   */
  readonly maxDocumentBytes?: number | undefined;
}

/** The schema of {@link SqliteBackendOptions}; refuses unknown names. Texts, as they come from a URL's query, are read too. */
export const sqliteBackendOptions: OptionsSchema<SqliteBackendOptions> = optionsSchema<SqliteBackendOptions>({
  synchronous: choiceOption(["normal", "full", "extra"]),
  maxDocumentBytes: wholeNumberOption({ min: 1 }),
});

/**
 * The options behind the `?` of a URL, and those beside it, which are nearer to the user and replace them.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) for an unknown name or a value that is not accepted.
 */
export function withQuery(options: SqliteBackendOptions, query: URLSearchParams): SqliteBackendOptions {
  const what = "The URL of the SQLite backend";
  return { ...readOptions(sqliteBackendOptions, Object.fromEntries(query), what), ...options };
}
