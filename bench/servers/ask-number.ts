import type { Client, Pool } from "pg";

/** The number that a statement of PostgreSQL gives in its first row, as `n`; `undefined` for NULL. */
export async function askNumber(
  client: Pick<Pool | Client, "query">,
  text: string,
  values: readonly unknown[] = [],
): Promise<number | undefined> {
  const { rows } = await client.query<{ readonly n: string | number | null }>(text, [...values]);
  const n = rows[0]?.n;
  return n === null || n === undefined ? undefined : Number(n);
}
