import { ConfigurationError, type Log } from "@lovage/foundation";

import type { RedisConnection } from "./redis-connection.ts";
import { isRedisError } from "./redis-error.ts";

const oldestMajor = 7;

/** What of the data a server keeps: nothing once it ends, all but the last second before a loss of power, or all. */
export type Durability = "none" | "process" | "power";

/** What of a server matters to a queue. */
interface ServerFacts {
  readonly version: string;
  readonly durability: Durability;
  readonly policy: string;
}

/**
 * Looks at a server and tells what its data survives. One too old for the scripts is refused; one that may lose messages is warned of, or refused with `strict`.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`)
 */
export async function checkServer(
  connection: RedisConnection,
  { log, strict }: { readonly log: Log; readonly strict: boolean },
): Promise<Durability> {
  const facts = await readFacts(connection, log);
  if (facts === undefined) return "process";
  const { where } = connection;
  if (Number.parseInt(facts.version, 10) < oldestMajor) {
    throw new ConfigurationError(
      `Redis at ${where} has version ${facts.version}, and Lovage needs ${oldestMajor}.0 or newer.`,
    );
  }
  for (const warning of warningsOf(facts)) {
    if (strict) throw new ConfigurationError(`Redis at ${where}: ${warning}`);
    log.warn(`Redis at ${where}: ${warning}`);
  }
  return facts.durability;
}

function* warningsOf({ durability, policy }: ServerFacts): Generator<string> {
  if (durability === "none") yield "its append-only file is off, so a restart loses messages. Set appendonly yes.";
  if (policy !== "" && policy !== "noeviction") {
    yield `with maxmemory-policy ${policy} it may throw messages away when its memory is full. Set maxmemory-policy noeviction.`;
  }
}

async function readFacts(connection: RedisConnection, log: Log): Promise<ServerFacts | undefined> {
  try {
    const info = String(await connection.call("INFO", []));
    const field = (name: string): string => new RegExp(`^${name}:(.*)\\r?$`, "m").exec(info)?.[1]?.trim() ?? "";
    return {
      version: field("redis_version"),
      durability: field("aof_enabled") === "1" ? await readSync(connection) : "none",
      policy: field("maxmemory_policy"),
    };
  } catch (error) {
    if (!isRedisError(error) || error.retryable) throw error;
    // A user whose ACL has no INFO can work all the same.
    log.debug("Redis does not tell about itself.", { error: error.message });
    return undefined;
  }
}

/** Managed servers often forbid CONFIG; the default is then assumed. */
async function readSync(connection: RedisConnection): Promise<Durability> {
  try {
    const found = String(await connection.call("CONFIG", ["GET", "appendfsync"]));
    return found.endsWith("always") ? "power" : "process";
  } catch (error) {
    if (!isRedisError(error) || error.retryable) throw error;
    return "process";
  }
}
