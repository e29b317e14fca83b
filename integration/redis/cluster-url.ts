import type { RedisCluster } from "../services/redis/redis-cluster.ts";

/** The nodes of a cluster as one URL, without its query. */
export function seedsOf({ nodes }: RedisCluster): string {
  return `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
}
