import type { Lease } from "@lovage/lease-engine";

/** The order in which functions of the schema look leases up: that of ids, and of two leases on one message the later one last, as that is the one that can still be held. */
export function inOrder(a: Lease, b: Lease): number {
  return a.id - b.id || a.fence - b.fence;
}
