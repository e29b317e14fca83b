import { memoryPeers } from "./cards/memory-peers.ts";
import { postgresPeers } from "./cards/postgres-peers.ts";
import { rabbitmqPeers } from "./cards/rabbitmq-peers.ts";
import { redisPeers } from "./cards/redis-peers.ts";
import { sqlitePeers } from "./cards/sqlite-peers.ts";
import { sqsPeers } from "./cards/sqs-peers.ts";
import type { Peer } from "./peer.ts";

/** All peers, those of one store together and its limit first. */
export const peers: readonly Peer[] = [
  ...sqlitePeers,
  ...memoryPeers,
  ...redisPeers,
  ...postgresPeers,
  ...rabbitmqPeers,
  ...sqsPeers,
];

/** @throws Error when there is no peer of this name */
export function findPeer(name: string): Peer {
  const found = peers.find((one) => one.name === name);
  if (found === undefined)
    throw new Error(`There is no peer ${name}; there are ${peers.map((one) => one.name).join(", ")}.`);
  return found;
}
