import { isPostgresError, numberArray, PostgresError, type PostgresSession } from "@lovage/client-postgres";
import { translateErrors } from "@lovage/foundation";
import type { Lease, Unrenewed } from "@lovage/lease-engine";

import { inOrder } from "./lease-order.ts";
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

/** Leases in order, so that two programs never wait for each other. */
async function extendOnce(
  client: PostgresSession,
  statements: Pick<TransportStatements, "extend">,
  { leases, leaseMs }: Extension,
): Promise<Required<Unrenewed>> {
  const ordered = leases.toSorted(inOrder);
  const values = [
    numberArray(ordered.map(({ id }) => id)),
    numberArray(ordered.map(({ fence }) => fence)),
    Math.ceil(leaseMs),
  ];
  // A renewal that is late is worth nothing.
  const options = { repeatable: true, patienceMs: Math.max(1_000, leaseMs / 2) };
  const rows = await translateErrors(() => client.query(statements.extend, values, options), unanswered);
  const those = (isGone: string): Lease[] =>
    rows.flatMap(([number, gone]) => (gone === isGone ? (ordered[Number(number) - 1] ?? []) : []));
  return { lost: those("t"), left: those("f") };
}

/** A server that can be reached again and again and does not answer in time, as behind a lock; whether it has fallen silent is found out by others. */
function unanswered(error: unknown): unknown {
  if (!isPostgresError(error) || error.kind !== "broken") return error;
  return new PostgresError(`A renewal of leases was not answered in time. ${error.message}`, {
    kind: "timeout",
    cause: error,
  });
}
