import type { SqliteConnection } from "@lovage/client-sqlite";
import type { Lease, Unrenewed } from "@lovage/lease-engine";

/** What a renewal needs of its connection; it waits for less than a lease. */
export interface ExtendRequest {
  readonly leases: readonly Lease[];
  /** When the leases are to end. */
  readonly untilMs: number;
  /** Longest wait for the file's lock, in ms. */
  readonly waitMs: number;
}

/** Prolongs leases; gives those that were not prolonged, `null` for none. */
export function extendLeases(connection: SqliteConnection, request: ExtendRequest): Promise<Unrenewed | null> {
  const { leases, untilMs, waitMs } = request;
  return connection.write(
    () => {
      const update = connection.statement(
        "UPDATE lovage_messages SET at = ? WHERE id = ? AND fence = ? AND state = 4 AND state > 2",
      );
      const lost = leases.filter(({ id, fence }) => update.run(untilMs, id, fence).changes === 0);
      return lost.length === 0 ? null : { lost };
    },
    { waitMs },
  );
}
