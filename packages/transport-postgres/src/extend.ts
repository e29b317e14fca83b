import { numberArray, type PostgresSession } from "@lovage/client-postgres";
import type { Lease } from "@lovage/lease-engine";

import type { TransportStatements } from "./statements.ts";

/** Prolongs leases, in order of their ids, so that two programs never wait for each other; gives those that are lost, `null` for none. */
export async function extendLeases(
  client: PostgresSession,
  statements: Pick<TransportStatements, "extend">,
  { leases, leaseMs }: { readonly leases: readonly Lease[]; readonly leaseMs: number },
): Promise<Lease[] | null> {
  const ordered = leases.toSorted((a, b) => a.id - b.id);
  const values = [
    numberArray(ordered.map(({ id }) => id)),
    numberArray(ordered.map(({ fence }) => fence)),
    Math.ceil(leaseMs),
  ];
  // A renewal that is late is worth nothing.
  const options = { repeatable: true, patienceMs: Math.max(1_000, leaseMs / 2) };
  const rows = await client.query(statements.extend, values, options);
  if (rows.length === 0) return null;
  return rows.flatMap(([number]) => ordered[Number(number) - 1] ?? []);
}
