import { ConfigurationError, type Log } from "@lovage/foundation";

import type { RedisConnection } from "./redis-connection.ts";
import { isNoAuthReply, isRedisError, RedisError } from "./redis-error.ts";

const oldestMajor = 7;

/** What of the data a server keeps: nothing once it ends, all but the last second before a loss of power, or all. */
export type Durability = "none" | "process" | "power";

/** What of a server matters to a queue. */
interface ServerFacts {
  readonly version: string;
  readonly isReplica: boolean;
  readonly durability: Durability;
  readonly policy: string;
}

/** What {@link checkServer} goes by. */
export interface ServerCheck {
  readonly log: Log;
  readonly strict: boolean;
  /** It is of no use to who cannot write. @default false */
  readonly isWritten?: boolean;
}

/**
 * Looks at a server, or at every primary of a cluster, and tells what its data survives. One too old for the scripts is refused; one that may lose
 * messages is warned of, or refused with `strict`.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`), RedisError (`REDIS_FAILED`)
 */
export async function checkServer(
  connection: RedisConnection,
  { log, strict, isWritten = false }: ServerCheck,
): Promise<Durability> {
  const facts = await readFacts(connection, log);
  const { where } = connection;
  const old = facts.find(({ version }) => Number.parseInt(version, 10) < oldestMajor);
  if (old !== undefined) {
    throw new ConfigurationError(
      `Redis at ${where} has version ${old.version}, and Lovage needs ${oldestMajor}.0 or newer.`,
    );
  }
  // Found at the first write it would be a loss of this connection, and the way back would begin anew each time.
  if (isWritten && facts.some(({ isReplica }) => isReplica)) {
    throw new RedisError(`Redis at ${where} is a replica; it is tried again until it is the master.`, {
      kind: "unavailable",
    });
  }
  await mayWait(connection);
  for (const warning of new Set(facts.flatMap((one) => [...warningsOf(one)]))) {
    if (strict) throw new ConfigurationError(`Redis at ${where}: ${warning}`);
    log.warn(`Redis at ${where}: ${warning}`);
  }
  const found = new Set(facts.map(({ durability }) => durability));
  return (["none", "process", "power"] as const).find((durability) => found.has(durability)) ?? "process";
}

/** A user who may not wait for replicas is told before anything is written, of which it would not be known whether they have it. */
async function mayWait(connection: RedisConnection): Promise<void> {
  if (connection.replicas > 0) await connection.callAll("WAIT", [0, 0]);
}

function* warningsOf({ durability, policy }: ServerFacts): Generator<string> {
  if (durability === "none") yield "its append-only file is off, so a restart loses messages. Set appendonly yes.";
  if (policy !== "" && policy !== "noeviction") {
    yield `with maxmemory-policy ${policy} it may throw messages away when its memory is full. Set maxmemory-policy noeviction.`;
  }
}

/** What the servers tell about themselves; nothing where the user's ACL has no INFO. */
async function readFacts(connection: RedisConnection, log: Log): Promise<readonly ServerFacts[]> {
  try {
    const infos = (await connection.callAll("INFO", [])).map(String);
    const persists = infos.some((info) => fieldOf(info, "aof_enabled") === "1");
    const sync = persists ? await readSync(connection) : "process";
    return infos.map((info) => ({
      version: fieldOf(info, "redis_version"),
      isReplica: fieldOf(info, "role") === "slave",
      durability: fieldOf(info, "aof_enabled") === "1" ? sync : "none",
      policy: fieldOf(info, "maxmemory_policy"),
    }));
  } catch (error) {
    if (!isRedisError(error) || error.retryable || isNoAuthReply(error)) throw error;
    // A user whose ACL has no INFO can work all the same.
    log.debug("Redis does not tell about itself.", { error: error.message });
    return [];
  }
}

function fieldOf(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)\\r?$`, "m").exec(info)?.[1]?.trim() ?? "";
}

/** Managed servers often forbid CONFIG; the default is then assumed. */
async function readSync(connection: RedisConnection): Promise<Durability> {
  try {
    const found = (await connection.callAll("CONFIG", ["GET", "appendfsync"])).map(String);
    return found.every((reply) => reply.endsWith("always")) ? "power" : "process";
  } catch (error) {
    if (!isRedisError(error) || error.retryable) throw error;
    return "process";
  }
}
