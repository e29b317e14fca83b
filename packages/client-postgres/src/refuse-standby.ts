import { PostgresError, readOnly } from "./postgres-error.ts";

/** A column for whoever asks a new connection something; its answer is for {@link refuseStandby}. A text, whatever the user makes of booleans. */
export const asksStandby = "pg_is_in_recovery()::text AS standby";

/**
 * After a failover a name may lead for a while to the old primary, which is a standby now. It would be kept for ever: its sessions do not end, and reading works.
 * @throws PostgresError (kind `unavailable`)
 */
export function refuseStandby(answer: object, where: string): void {
  const { rows } = answer as { readonly rows: readonly { readonly standby?: string | null }[] };
  if (rows[0]?.standby !== "true") return;
  throw new PostgresError(`PostgreSQL at ${where} is a standby and takes no writes.`, {
    kind: "unavailable",
    sqlState: readOnly,
  });
}
