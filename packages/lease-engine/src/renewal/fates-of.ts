import type { Lease, Unrenewed } from "../store.ts";

/** What became of a lease that was to be prolonged. */
export type LeaseFate = "renewed" | "lost" | "left";

/** Reads what a store or a renewer answered. */
export function fatesOf(unrenewed: Unrenewed | null): (lease: Lease) => LeaseFate {
  if (unrenewed === null) return () => "renewed";
  const [lost, left] = [fencesOf(unrenewed.lost), fencesOf(unrenewed.left ?? [])];
  return ({ id, fence }) => {
    if (lost.get(id) === fence) return "lost";
    return left.get(id) === fence ? "left" : "renewed";
  };
}

function fencesOf(leases: readonly Lease[]): ReadonlyMap<number, number> {
  return new Map(leases.map(({ id, fence }) => [id, fence]));
}
