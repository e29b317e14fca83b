import { functionSettings, notifySql, nowMs, type WakeScope } from "@lovage/client-postgres";

import { enqueueLoudly } from "./enqueue-function.ts";

/**
 * Makes the caller the leader, or leaves it that, and gives it the first messages, at least one whatever its size. The row without an id is no message: `attempts` says
 * whether the caller leads, `in_ms` in how many ms a postponed message is due, or another's lead ends.
 */
function take(schema: string): string {
  const outbox = `${schema}.outbox`;
  return `CREATE FUNCTION ${schema}.outbox_take_1(p_holder text, p_lease_ms bigint, p_max integer, p_max_bytes bigint)
  RETURNS TABLE (id bigint, destination text, in_ms bigint, at_ms bigint, attempts integer, frame bytea)
  ${functionSettings} AS $lovage$
  #variable_conflict use_column
  DECLARE
    now_ms bigint := ${nowMs};
    next_at bigint;
  BEGIN
    UPDATE ${schema}.outbox_leader l SET holder = p_holder, until = now_ms + p_lease_ms
      WHERE l.holder = p_holder OR l.until <= now_ms;
    IF NOT FOUND THEN
      RETURN QUERY SELECT NULL::bigint, NULL::text, greatest(l.until - now_ms, 0), NULL::bigint, 0, NULL::bytea FROM ${schema}.outbox_leader l;
      RETURN;
    END IF;
    UPDATE ${outbox} o SET state = 0 WHERE o.id = ANY(ARRAY(
      SELECT o.id FROM ${outbox} o WHERE o.state = 1 AND o.at <= now_ms ORDER BY o.at LIMIT p_max));
    RETURN QUERY SELECT x.id, x.destination, greatest(x.due - now_ms, 0), x.not_before, x.attempts::integer, x.frame FROM (
        SELECT o.*, sum(octet_length(o.frame)) OVER (ORDER BY o.id) - octet_length(o.frame) AS before FROM (
          SELECT * FROM ${outbox} w WHERE w.state = 0 ORDER BY w.id LIMIT p_max) o
      ) x WHERE x.before < p_max_bytes ORDER BY x.id;
    SELECT o.at INTO next_at FROM ${outbox} o WHERE o.state = 1 ORDER BY o.at LIMIT 1;
    RETURN QUERY SELECT NULL::bigint, NULL::text, greatest(next_at - now_ms, 0), NULL::bigint, 1, NULL::bytea;
  END $lovage$`;
}

/** Ends a lead before its time, and tells those who follow. */
function resign(schema: string, scope: WakeScope): string {
  return `CREATE FUNCTION ${schema}.outbox_resign_1(p_holder text) RETURNS void ${functionSettings} AS $lovage$
  BEGIN
    UPDATE ${schema}.outbox_leader l SET until = 0 WHERE l.holder = p_holder AND l.until > 0;
    IF FOUND THEN
      ${notifySql(scope, "'lead'")}
    END IF;
  END $lovage$`;
}

/** Deletes what the broker has, and postpones what it refused, for longer each time, until it has failed. Gives how many have. */
function settle(schema: string): string {
  return `CREATE FUNCTION ${schema}.outbox_settle_1(p_accepted bigint[], p_refused bigint[], p_errors text[], p_max_attempts integer)
  RETURNS bigint ${functionSettings} AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    failed bigint;
  BEGIN
    DELETE FROM ${schema}.outbox o WHERE o.id = ANY(p_accepted);
    WITH changed AS (
      UPDATE ${schema}.outbox o
        SET attempts = o.attempts + 1, error = r.error,
            state = CASE WHEN o.attempts + 1 >= p_max_attempts THEN 2 ELSE 1 END,
            at = now_ms + CASE WHEN o.attempts + 1 >= p_max_attempts THEN 0 ELSE least(600000, 1000 * 2 ^ least(o.attempts, 20))::bigint END
        FROM unnest(p_refused, p_errors) AS r(id, error) WHERE o.id = r.id AND o.state = 0
        RETURNING o.state
    ) SELECT count(*) FILTER (WHERE state = 2) FROM changed INTO failed;
    RETURN failed;
  END $lovage$`;
}

/** Deletes some of what was kept for long enough. Gives how many rows. */
function sweep(schema: string): string {
  return `CREATE FUNCTION ${schema}.outbox_sweep_1(p_failed_ms bigint, p_inbox_ms bigint, p_max integer)
  RETURNS bigint ${functionSettings} AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    failed bigint;
    seen bigint;
  BEGIN
    DELETE FROM ${schema}.outbox o WHERE o.id = ANY(ARRAY(
      SELECT f.id FROM ${schema}.outbox f WHERE f.state = 2 AND f.at <= now_ms - p_failed_ms ORDER BY f.at LIMIT p_max));
    GET DIAGNOSTICS failed = ROW_COUNT;
    DELETE FROM ${schema}.inbox i WHERE i.ctid = ANY(ARRAY(
      SELECT s.ctid FROM ${schema}.inbox s WHERE s.at <= now_ms - p_inbox_ms ORDER BY s.at LIMIT p_max));
    GET DIAGNOSTICS seen = ROW_COUNT;
    RETURN failed + seen;
  END $lovage$`;
}

/** The functions of the sending side. */
export function outboxFunctions(schema: string, scope: WakeScope): readonly string[] {
  return [enqueueLoudly(schema, scope), take(schema), resign(schema, scope), settle(schema), sweep(schema)];
}
