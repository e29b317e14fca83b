import { numberArray, type PostgresSession } from "@lovage/client-postgres";
import type { Lease, Unrenewed } from "@lovage/lease-engine";

import type { TransportStatements } from "./statements.ts";

/** What is to be prolonged, and for how long. */
interface Extension {
  readonly leases: readonly Lease[];
  readonly leaseMs: number;
}

/** Prolongs leases; gives those that were not prolonged, `null` for none. */
export async function extendLeases(
  client: PostgresSession,
  statements: Pick<TransportStatements, "extend">,
  { leases, leaseMs }: Extension,
): Promise<Unrenewed | null> {
  const first = await extendOnce(client, statements, { leases, leaseMs });
  if (first.left.length === 0) return first.lost.length === 0 ? null : first;
  // Most probably another renewal was in the way, of the thread or of the event loop, which is over by now.
  const { lost, left } = await extendOnce(client, statements, { leases: first.left, leaseMs });
  const allLost = [...first.lost, ...lost];
  return allLost.length + left.length === 0 ? null : { lost: allLost, left };
}

/** Leases in order of their ids, so that two programs never wait for each other. */
async function extendOnce(
  client: PostgresSession,
  statements: Pick<TransportStatements, "extend">,
  { leases, leaseMs }: Extension,
): Promise<Required<Unrenewed>> {
  const ordered = leases.toSorted((a, b) => a.id - b.id);
  const values = [
    numberArray(ordered.map(({ id }) => id)),
    numberArray(ordered.map(({ fence }) => fence)),
    Math.ceil(leaseMs),
  ];
  // A renewal that is late is worth nothing.
  const options = { repeatable: true, patienceMs: Math.max(1_000, leaseMs / 2) };
  const rows = await client.query(statements.extend, values, options);
  const those = (isGone: string): Lease[] =>
    rows.flatMap(([number, gone]) => (gone === isGone ? (ordered[Number(number) - 1] ?? []) : []));
  return { lost: those("t"), left: those("f") };
}
