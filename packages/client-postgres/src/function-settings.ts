/**
 * What the functions run with. The ways that remain to the planner are those through the indexes, whatever the statistics say: after a bulk load, or while
 * a million rows change their state, these are wrong, and the other ways cost as much as there are rows.
 */
export const functionSettings =
  "LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off SET enable_material = off SET jit = off";

/** The server's clock in whole milliseconds, as an expression. */
export const nowMs = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/**
 * The same at the beginning of a statement, for statements that search by it: the clock itself may give another value for each row, so that no index can be searched by it,
 * and a statement that compares with it reads all that an index has.
 */
export const nowMsOnce: string = `(SELECT ${nowMs})`;

/**
 * The place (from 1) of an id in a parameter or variable that lists ids in ascending order, as an expression: what belongs to each row is found without a join, which could begin
 * with the whole table for as long as the server takes it for empty. A binary search; the list is read once, as what PL/pgSQL keeps of an array would be copied for each row.
 */
export function placeInList(id: string, list: string): string {
  return `width_bucket(${id}, ARRAY(SELECT unnest(${list})))`;
}
