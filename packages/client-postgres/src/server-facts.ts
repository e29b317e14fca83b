import { clockOffsetMs, ConfigurationError, type Clock } from "@lovage/foundation";

import type { PostgresClient } from "./postgres-client.ts";
import { serverTimeMs } from "./server-time.ts";
import { defineStatement } from "./statement.ts";

/** What an accepted record survives: nothing, the end of the server's process, loss of power, loss of the machine. */
export type Durability = "none" | "process" | "power" | "node";

/** What the server is. */
export interface ServerFacts {
  readonly durability: Durability;
  /** How much the server's clock is ahead of ours, in ms. */
  readonly clockOffsetMs: number;
}

const oldest = 130_000;
const question = defineStatement(
  `SELECT current_setting('server_version_num'), current_setting('fsync'), current_setting('synchronous_commit'),
     current_setting('synchronous_standby_names')`,
);

/** Asks the server. @throws PostgresError (`POSTGRES_FAILED`), CONFIGURATION_INVALID for an old release */
export async function serverFacts(client: PostgresClient, clock: Clock): Promise<ServerFacts> {
  const [row = []] = await client.query(question, [], { repeatable: true });
  const [version, fsync, commit, standbys] = row.map((value) => value ?? "");
  if (Number(version) < oldest) {
    throw new ConfigurationError(`PostgreSQL at ${client.where} is too old: Lovage needs release 13 or newer.`);
  }
  return {
    durability: durabilityOf(fsync === "on", commit ?? "", standbys ?? ""),
    clockOffsetMs: await clockOffsetMs(clock, () => serverTimeMs(client)),
  };
}

/** https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT */
function durabilityOf(hasFsync: boolean, commit: string, standbys: string): Durability {
  if (commit === "off") return "none";
  if (!hasFsync) return "process";
  return commit !== "local" && standbys !== "" ? "node" : "power";
}
