import { ConfigurationError, type Log } from "@lovage/foundation";

import type { RedisConnection } from "./redis-connection.ts";
import { isRedisError } from "./redis-error.ts";

const oldestMajor = 7;

/** What of a server matters to a queue. */
interface ServerFacts {
  readonly version: string;
  readonly appendOnly: boolean;
  readonly policy: string;
}

/**
 * Looks at a server: one too old for the scripts is refused; one that may lose messages is warned of, or refused with `strict`.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`)
 */
export async function checkServer(
  connection: RedisConnection,
  { log, strict }: { readonly log: Log; readonly strict: boolean },
): Promise<void> {
  const facts = await readFacts(connection, log);
  if (facts === undefined) return;
  const { where } = connection;
  if (Number.parseInt(facts.version, 10) < oldestMajor) {
    throw new ConfigurationError(`Redis at ${where} has version ${facts.version}, and Lovage needs ${oldestMajor}.0 or newer.`);
  }
  for (const warning of warningsOf(facts)) {
    if (strict) throw new ConfigurationError(`Redis at ${where}: ${warning}`);
    log.warn(`Redis at ${where}: ${warning}`);
  }
}

function* warningsOf({ appendOnly, policy }: ServerFacts): Generator<string> {
  if (!appendOnly) yield "its append-only file is off, so a restart loses messages. Set appendonly yes.";
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
      appendOnly: field("aof_enabled") === "1",
      policy: field("maxmemory_policy"),
    };
  } catch (error) {
    if (!isRedisError(error) || error.retryable) throw error;
    // A user whose ACL has no INFO can work all the same.
    log.debug("Redis does not tell about itself.", { error: error.message });
    return undefined;
  }
}
