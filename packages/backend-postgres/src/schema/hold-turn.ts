/** SQL: all who change the holds under one name do it one after the other, until they commit. */
export function holdTurn(name: string): string {
  return `pg_advisory_xact_lock(hashtextextended('lovage/backend/hold/' || ${name}, 0))`;
}
