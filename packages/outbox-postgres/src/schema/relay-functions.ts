import { functionSettings, nowMs } from "@lovage/client-postgres";

/**
 * As `outbox_take_1`, with `since` beside each id: after a failover that lost the latest rows, ids are given to other calls. And `in_ms` is null when nothing is postponed:
 * GREATEST leaves nulls out, and a leader that was told 0 asked again at once, for ever.
 */
function take(schema: string): string {
  const outbox = `${schema}.outbox`;
  return `CREATE FUNCTION ${schema}.outbox_take_2(p_holder text, p_lease_ms bigint, p_max integer, p_max_bytes bigint)
  RETURNS TABLE (id bigint, since bigint, destination text, in_ms bigint, at_ms bigint, attempts integer, frame bytea)
  ${functionSettings} AS $lovage$
  #variable_conflict use_column
  DECLARE
    now_ms bigint := ${nowMs};
    next_at bigint;
  BEGIN
    UPDATE ${schema}.outbox_leader l SET holder = p_holder, until = now_ms + p_lease_ms
      WHERE l.holder = p_holder OR l.until <= now_ms;
    IF NOT FOUND THEN
      RETURN QUERY SELECT NULL::bigint, NULL::bigint, NULL::text, greatest(l.until - now_ms, 0), NULL::bigint, 0, NULL::bytea
        FROM ${schema}.outbox_leader l;
      RETURN;
    END IF;
    UPDATE ${outbox} o SET state = 0 WHERE o.id = ANY(ARRAY(
      SELECT o.id FROM ${outbox} o WHERE o.state = 1 AND o.at <= now_ms ORDER BY o.at LIMIT p_max));
    RETURN QUERY SELECT x.id, x.at, x.destination, CASE WHEN x.due IS NOT NULL THEN greatest(x.due - now_ms, 0) END,
        x.not_before, x.attempts::integer, x.frame FROM (
        SELECT o.*, sum(octet_length(o.frame)) OVER (ORDER BY o.id) - octet_length(o.frame) AS before FROM (
          SELECT * FROM ${outbox} w WHERE w.state = 0 ORDER BY w.id LIMIT p_max) o
      ) x WHERE x.before < p_max_bytes ORDER BY x.id;
    SELECT o.at INTO next_at FROM ${outbox} o WHERE o.state = 1 ORDER BY o.at LIMIT 1;
    RETURN QUERY SELECT NULL::bigint, NULL::bigint, NULL::text, CASE WHEN next_at IS NOT NULL THEN greatest(next_at - now_ms, 0) END,
      NULL::bigint, 1, NULL::bytea;
  END $lovage$`;
}

/**
 * For relays of the version before, and slow for as long as the server takes the table for empty: a join may begin with all calls. As `outbox_settle_1`, for rows that are still those
 * that were taken.
 */
function settle(schema: string): string {
  return `CREATE FUNCTION ${schema}.outbox_settle_2(p_accepted bigint[], p_accepted_since bigint[], p_refused bigint[], p_refused_since bigint[], p_errors text[], p_max_attempts integer)
  RETURNS bigint ${functionSettings} AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    failed bigint;
  BEGIN
    DELETE FROM ${schema}.outbox o USING unnest(p_accepted, p_accepted_since) AS a(id, since)
      WHERE o.id = a.id AND o.at = a.since;
    WITH changed AS (
      UPDATE ${schema}.outbox o
        SET attempts = o.attempts + 1, error = r.error,
            state = CASE WHEN o.attempts + 1 >= p_max_attempts THEN 2 ELSE 1 END,
            at = now_ms + CASE WHEN o.attempts + 1 >= p_max_attempts THEN 0 ELSE least(600000, 1000 * 2 ^ least(o.attempts, 20))::bigint END
        FROM unnest(p_refused, p_refused_since, p_errors) AS r(id, since, error)
        WHERE o.id = r.id AND o.at = r.since AND o.state = 0
        RETURNING o.state
    ) SELECT count(*) FILTER (WHERE state = 2) FROM changed INTO failed;
    RETURN failed;
  END $lovage$`;
}

/** The functions of a relay. */
export function relayFunctions(schema: string): readonly string[] {
  return [take(schema), settle(schema)];
}
