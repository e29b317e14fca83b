import type { OwnServer } from "../../integration/services/service.ts";
import type { ServerRecipe } from "./bench-server.ts";

/** What Redis keeps on disk: nothing, all but the last second, or all that it has accepted. */
export const redisDurabilities = ["none", "everysec", "always"] as const;

/** One of {@link redisDurabilities}. */
export type RedisDurability = (typeof redisDurabilities)[number];

const durabilityTexts: Readonly<Record<RedisDurability, string>> = {
  none: "nothing on disk",
  everysec: "an append-only file that is synced every second",
  always: "an append-only file that is synced before each answer",
};

/** Redis, as durable as one likes. */
export function redisRecipe(durability: RedisDurability): ServerRecipe {
  return {
    settings: durability === "none" ? ["--appendonly", "no"] : ["--appendfsync", durability],
    durability: durabilityTexts[durability],
    versionOf: async (server) => {
      const [, version = "of unknown version"] = /redis_version:(\S+)/u.exec(await cli(server, "info", "server")) ?? [];
      return `Redis ${version}`;
    },
    freshUrl: async (server) => {
      await cli(server, "flushall", "sync");
      return server.url;
    },
  };
}

async function cli(server: OwnServer, ...command: readonly string[]): Promise<string> {
  return await server.execute("redis-cli", ["-p", String(server.port), ...command]);
}
