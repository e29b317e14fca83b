import { functionSettings, nowMs } from "@lovage/client-postgres";

/**
 * Tells of each delivery whether it is to be worked on. Of the copies of one message the first that comes is the one, however often it is redelivered; and none is once the
 * work was committed. A delivery without a copy is only asked about. Rows are inserted in order of their key, so that two callers never wait for each other.
 */
function receive(schema: string): string {
  return `CREATE FUNCTION ${schema}.inbox_receive_1(p_queues text[], p_ids text[], p_copies text[])
  RETURNS TABLE (place bigint, passes boolean) ${functionSettings} AS $lovage$
  BEGIN
    INSERT INTO ${schema}.inbox (at, queue, id, copy)
      SELECT DISTINCT ON (r.queue, r.id) ${nowMs}, r.queue, r.id, r.copy
        FROM unnest(p_queues, p_ids, p_copies) WITH ORDINALITY AS r(queue, id, copy, place)
        WHERE r.copy IS NOT NULL ORDER BY r.queue, r.id, r.place
      ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT r.place, i.id IS NULL OR NOT i.done AND (r.copy IS NULL OR i.copy = r.copy)
      FROM unnest(p_queues, p_ids, p_copies) WITH ORDINALITY AS r(queue, id, copy, place)
      LEFT JOIN ${schema}.inbox i ON i.queue = r.queue AND i.id = r.id;
  END $lovage$`;
}

/** Records in the transaction of the work that it is done; false when it was done before, or belongs to another copy. */
function finish(schema: string): string {
  return `CREATE FUNCTION ${schema}.inbox_finish_1(p_queue text, p_id text, p_copy text)
  RETURNS boolean ${functionSettings} AS $lovage$
  BEGIN
    INSERT INTO ${schema}.inbox AS i (at, done, queue, id, copy) VALUES (${nowMs}, true, p_queue, p_id, coalesce(p_copy, ''))
      ON CONFLICT (queue, id) DO UPDATE SET done = true, at = excluded.at
      WHERE NOT i.done AND (p_copy IS NULL OR i.copy = p_copy);
    RETURN FOUND;
  END $lovage$`;
}

/** The functions of the receiving side. */
export function inboxFunctions(schema: string): readonly string[] {
  return [receive(schema), finish(schema)];
}
