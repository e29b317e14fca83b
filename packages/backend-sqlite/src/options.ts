import { ConfigurationError } from "@lovage/foundation";
import type { Synchronous } from "@lovage/client-sqlite";
import { z } from "zod";

/** Options that may stand beside a `sqlite:` URL. */
export interface SqliteBackendOptions {
  /**
   * What a commit survives: `full` and `extra` a loss of power, `normal` a crash of the program.
   * @default "full"
   */
  readonly synchronous: Synchronous;
  /**
   * Largest result document, in bytes.
   * @default 16 MiB
   */
  readonly maxDocumentBytes: number;
}

/** The schema of {@link SqliteBackendOptions}; refuses unknown names. */
export const sqliteBackendOptions: z.ZodType<SqliteBackendOptions> = z.strictObject({
  synchronous: z.enum(["normal", "full", "extra"]).default("full"),
  maxDocumentBytes: z
    .int()
    .positive()
    .default(16 * 1024 * 1024),
});

const queryOptions = z.strictObject({
  synchronous: z.enum(["normal", "full", "extra"]).optional(),
  maxDocumentBytes: z.coerce.number().int().positive().optional(),
});

/**
 * The options behind the `?` of a URL, of which those given replace others.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) for an unknown name or a value that is not accepted.
 */
export function withQuery(options: SqliteBackendOptions, query: URLSearchParams): SqliteBackendOptions {
  const parsed = queryOptions.safeParse(Object.fromEntries(query));
  if (!parsed.success) {
    throw new ConfigurationError(
      `The URL of the SQLite backend has options it cannot take: ${z.prettifyError(parsed.error)}. It takes synchronous and maxDocumentBytes.`,
    );
  }
  const { synchronous = options.synchronous, maxDocumentBytes = options.maxDocumentBytes } = parsed.data;
  return { synchronous, maxDocumentBytes };
}
