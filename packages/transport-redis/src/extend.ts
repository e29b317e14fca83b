import { asList, type RedisConnection } from "@lovage/client-redis";
import type { Lease, Unrenewed } from "@lovage/lease-engine";

import { extendScript } from "./scripts/extend.ts";

/** Prolongs leases of the queue with this base; gives those that were not prolonged, `null` for none. */
export async function extendLeases(
  connection: RedisConnection,
  base: string,
  { leases, leaseMs }: { readonly leases: readonly Lease[]; readonly leaseMs: number },
): Promise<Unrenewed | null> {
  if (leases.length === 0) return null;
  const reply = await connection.run(extendScript, [`${base}:x`], [Math.ceil(leaseMs), ...leases.map(tokenOf)]);
  const lost = lostOf(leases, reply);
  return lost === null ? null : { lost };
}

/** What a lease is called in Redis. */
export function tokenOf({ fence }: Lease): string {
  return String(fence);
}

/** The leases whose places a script gave, `null` for none. */
export function lostOf(leases: readonly Lease[], reply: unknown): readonly Lease[] | null {
  const places = new Set(asList(reply));
  return places.size === 0 ? null : leases.filter((_, index) => places.has(index));
}
