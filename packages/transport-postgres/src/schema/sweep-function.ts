import { functionSettings, nowMs } from "@lovage/client-postgres";

/** Takes back what dead consumers of a queue held, and drops its old dead letters; at most so many of each. */
export function sweepFunction(schema: string): string {
  const messages = `${schema}.messages`;
  return `CREATE FUNCTION ${schema}.sweep_1(p_queue text, p_dead text, p_suspect_after integer, p_max integer)
  RETURNS TABLE (recovered integer, dropped integer) ${functionSettings} AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    q integer;
    dead integer;
    retention bigint;
  BEGIN
    SELECT id INTO q FROM ${schema}.queues WHERE name = p_queue;
    SELECT id, retention_ms INTO dead, retention FROM ${schema}.queues WHERE name = p_dead;
    UPDATE ${messages} SET
        losses = least(losses + 1, 30000), redelivered = true, suspect = losses + 1 >= p_suspect_after,
        state = CASE WHEN losses + 1 >= p_suspect_after THEN 3 ELSE 0 END, at = now_ms
      WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${messages} WHERE queue = q AND state = 2 AND at <= now_ms ORDER BY at LIMIT p_max FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS recovered = ROW_COUNT;
    DELETE FROM ${messages} WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM ${messages} WHERE queue = dead AND state = 0 AND urgency = 9 AND key = '' AND place <= now_ms - retention
        ORDER BY place, id LIMIT p_max FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS dropped = ROW_COUNT;
    IF recovered > 0 THEN
      PERFORM ${schema}.announce_1(ARRAY[p_queue]);
    END IF;
    RETURN NEXT;
  END $lovage$`;
}
