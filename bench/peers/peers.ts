import { lovage } from "./lovage.ts";
import type { Peer } from "./peer.ts";
import { rawMemory } from "./raw-memory.ts";
import { rawSqlite } from "./raw-sqlite.ts";

/** All peers, those of one store together and its limit first. */
export const peers: readonly Peer[] = [rawSqlite(), lovage("sqlite"), rawMemory(), lovage("memory")];

/** @throws Error when there is no peer of this name */
export function findPeer(name: string): Peer {
  const peer = peers.find((one) => one.name === name);
  if (peer === undefined)
    throw new Error(`There is no peer ${name}; there are ${peers.map((one) => one.name).join(", ")}.`);
  return peer;
}
