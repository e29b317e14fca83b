import type { BackendDriver } from "@lovage/backend";

import { postgresBackendOptions, type PostgresBackendOptions } from "./options.ts";
import { postgresBackendSchema, postgresBackendWithTables } from "./postgres-backend.ts";

/** Opens `postgres:` and `postgresql:` URLs: the database that the transport may use too. */
export const backend: BackendDriver<PostgresBackendOptions> = Object.freeze<BackendDriver<PostgresBackendOptions>>({
  schemes: ["postgres", "postgresql"],
  options: postgresBackendOptions,
  open: async ({ url, options, clock, log, name }) =>
    await postgresBackendWithTables({ ...options, url, clock, log, name }),
  openSchema: async ({ url, options, clock, log, name }) =>
    await postgresBackendSchema({ ...options, url, clock, log, name }),
});
