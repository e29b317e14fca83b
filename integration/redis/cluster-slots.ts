import type { RedisCluster } from "../services/redis/redis-cluster.ts";
import type { OwnServer } from "../services/service.ts";
import { redisCli } from "./redis-cli.ts";

/** Which node of a cluster serves a key, and another that does not. */
export async function nodesFor(
  { nodes }: RedisCluster,
  key: string,
): Promise<readonly [owner: OwnServer, other: OwnServer]> {
  const answers = await Promise.all(nodes.map(async (node) => [node, await redisCli(node, "get", key)] as const));
  const [owner] = answers.find(([, answer]) => !answer.startsWith("MOVED")) ?? [];
  const other = nodes.find((node) => node !== owner);
  if (owner === undefined || other === undefined) throw new Error(`No node serves ${key}.`);
  return [owner, other];
}

/** Name of a queue that a node serves. */
export async function queueOn(cluster: RedisCluster, node: OwnServer): Promise<string> {
  for (let index = 0; ; index += 1) {
    const queue = `queue-${index}`;
    const [owner] = await nodesFor(cluster, `lovage:{${queue}}`);
    if (owner === node) return queue;
  }
}

/**
 * Moves the slot of a key from node to node as `redis-cli --cluster reshard` does, in the midst of a load.
 * @param whileOpen Called when half of the keys are there and half here.
 * @param options `isFirst`: the key itself is among those that are there, so that calls are sent on by the node that they reach.
 */
export async function moveSlot(
  cluster: RedisCluster,
  key: string,
  whileOpen: () => Promise<void>,
  { isFirst = false } = {},
): Promise<void> {
  const [from, to] = await nodesFor(cluster, key);
  const slot = await redisCli(from, "cluster", "keyslot", key);
  const [fromId, toId] = [await redisCli(from, "cluster", "myid"), await redisCli(to, "cluster", "myid")];
  await redisCli(to, "cluster", "setslot", slot, "importing", fromId);
  await redisCli(from, "cluster", "setslot", slot, "migrating", toId);
  for (let isHalf = false; ; isHalf = true) {
    const keys = (await redisCli(from, "cluster", "getkeysinslot", slot, "1000"))
      .split("\n")
      .filter((each) => each !== "")
      .toSorted((one, other) => (isFirst ? Number(other === key) - Number(one === key) : 0));
    const some = isHalf ? keys : keys.slice(0, Math.ceil(keys.length / 2));
    if (some.length === 0) break;
    await redisCli(from, "migrate", "127.0.0.1", String(to.port), "", "0", "5000", "keys", ...some);
    if (!isHalf) await whileOpen();
  }
  for (const node of [to, from, ...cluster.nodes]) await redisCli(node, "cluster", "setslot", slot, "node", toId);
}
