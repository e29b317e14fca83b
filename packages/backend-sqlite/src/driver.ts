import type { BackendDriver } from "@lovage/backend";
import { fileSchema, parseSqliteUrl } from "@lovage/client-sqlite";
import { translateErrors } from "@lovage/foundation";
import { toBackendError } from "./errors.ts";
import type { SqliteBackendOptions } from "./options.ts";
import { sqliteBackendOptions, withQuery } from "./options.ts";
import { sqliteBackend } from "./sqlite-backend.ts";
import { backendTables } from "./tables.ts";

/** Opens `sqlite:queue.db`: the file that the transport may use too. */
export const backend: BackendDriver<SqliteBackendOptions> = Object.freeze<BackendDriver<SqliteBackendOptions>>({
  schemes: ["sqlite"],
  options: sqliteBackendOptions,
  open: async ({ url, options, clock, log }) => {
    const { path, query } = parseSqliteUrl(url);
    return await sqliteBackend({ ...withQuery(options, query), path, clock, log });
  },
  openSchema: async ({ url, options, clock, log }) => {
    const { path, query } = parseSqliteUrl(url);
    const { synchronous } = withQuery(options, query);
    return fileSchema(
      { path, clock, log, synchronous, translate: (work) => translateErrors(work, toBackendError) },
      backendTables,
    );
  },
});
