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
