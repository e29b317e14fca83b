import type { OwnServer } from "../../integration/services/service.ts";
import type { Scale } from "../cases/bench-case.ts";
import type { ServerRecipe } from "./bench-server.ts";

const database = "bench";
// The servers of tests do without fsync; where something is measured, this one does not.
const durable = ["-c", "fsync=on", "-c", "shared_buffers=128MB"];

/** PostgreSQL as it comes, with a database that is made anew for each measurement. */
export function postgresRecipe(scale: Scale): ServerRecipe {
  return {
    settings: scale === "full" ? durable : [],
    durability:
      scale === "full"
        ? "fsync, synchronous_commit and full_page_writes on: a job is on disk before it counts as accepted"
        : "no fsync: nothing is measured",
    versionOf: async (server) => `PostgreSQL ${(await sql(server, "SHOW server_version")).split(" ")[0]}`,
    freshUrl: async (server) => {
      await sql(server, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`, `CREATE DATABASE ${database}`);
      const place = new URL(server.url);
      place.pathname = `/${database}`;
      return place.href;
    },
  };
}

async function sql(server: OwnServer, ...statements: readonly string[]): Promise<string> {
  const commands = statements.flatMap((statement) => ["-c", statement]);
  return (await server.execute("psql", ["-d", "postgres", "-qtA", "-v", "ON_ERROR_STOP=1", ...commands])).trim();
}
