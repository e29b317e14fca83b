/**
 * A column for whoever asks a new connection something: what names a running database, by whatever address it was reached. The number of a server (`system_identifier`) would
 * not do: a copy of its data has it too, and no two servers begin in the same microsecond. The role is part of it, since another may lack the rights that are needed there.
 */
export const asksIdentity =
  "current_user || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint AS identity";

const identities = new WeakMap<object, string>();

/** Notes where a connection leads that is lent to others. */
export function noteIdentity(connection: object, identity: string | undefined): void {
  if (identity === undefined) identities.delete(connection);
  else identities.set(connection, identity);
}

/** Where a connection leads; known of those that we have lent. */
export function identityOf(connection: object): string | undefined {
  return identities.get(connection);
}
