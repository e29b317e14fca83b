import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../private/find-program.ts";
import type { Place, PrivateRecipe } from "../private/private-recipe.ts";
import { postgresSettings } from "./postgres-settings.ts";

// Debian keeps the server's programs off the PATH, a folder per version.
const folders = ["/usr/lib/postgresql/*/bin"];
const defaults = [...postgresSettings, "-c", "shared_buffers=32MB"];
const initdbMs = 60_000;

/** A PostgreSQL whose user `postgres` needs no password. */
export const privatePostgres: PrivateRecipe = {
  users: ["postgres"],
  // It sends clients away instead of waiting for them.
  stopSignal: "SIGINT",
  locate: () => {
    findProgram("initdb", folders);
    return findProgram("postgres", folders);
  },
  locateTool: (program) => findProgram(program, folders),
  prepare: async (place) => {
    const data = path.join(place.directory, "data");
    if (!existsSync(path.join(data, "PG_VERSION"))) await initialise(place, data);
    const where = ["-D", data, "-k", place.directory, "-h", "127.0.0.1", "-p", String(place.port)];
    return {
      command: findProgram("postgres", folders),
      args: [...where, ...defaults, ...place.settings],
      // So that psql finds it without being told.
      env: { PGHOST: place.directory, PGPORT: String(place.port), PGUSER: "postgres" },
    };
  },
};

async function initialise({ directory, user }: Place, data: string): Promise<void> {
  const rights = ["--username=postgres", "--auth=trust"];
  const args = ["-D", data, ...rights, "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"];
  await promisify(execFile)(findProgram("initdb", folders), args, { cwd: directory, timeout: initdbMs, ...user });
}
