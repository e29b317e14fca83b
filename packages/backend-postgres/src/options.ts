import { postgresOptions, type PostgresOptions } from "@lovage/client-postgres";
import { optionsSchema, wholeNumberOption, type OptionsSchema } from "@lovage/foundation";

/** Options that may stand beside a `postgres:` URL. */
export interface PostgresBackendOptions extends PostgresOptions {
  /**
   * Largest result document, in bytes.
   * @default 16 MiB
   */
  readonly maxDocumentBytes?: number | undefined;
}

/** The schema of {@link PostgresBackendOptions}; refuses unknown names. Texts, as they come from a URL's query, are read too. */
export const postgresBackendOptions: OptionsSchema<PostgresBackendOptions> = optionsSchema<PostgresBackendOptions>({
  ...postgresOptions,
  maxDocumentBytes: wholeNumberOption({ min: 1 }),
});
