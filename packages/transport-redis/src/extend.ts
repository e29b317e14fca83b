import type { RedisConnection } from "@lovage/client-redis";
import type { Lease } from "@lovage/lease-engine";

import { asList } from "./replies.ts";
import { extendScript } from "./scripts/extend.ts";

/** Prolongs leases of the queue with this base; gives those that are lost, `null` for none. */
export async function extendLeases(
  connection: RedisConnection,
  base: string,
  { leases, leaseMs }: { readonly leases: readonly Lease[]; readonly leaseMs: number },
): Promise<readonly Lease[] | null> {
  if (leases.length === 0) return null;
  return lostOf(leases, await connection.run(extendScript, [base], [Math.ceil(leaseMs), ...leases.map(tokenOf)]));
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
