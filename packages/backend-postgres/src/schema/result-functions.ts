import { announceSql, type WakeScope, nowMs } from "@lovage/client-postgres";

import { nextNumber } from "./next-number.ts";

/** Tasks are watched by the group that their id falls into, so that ten thousand watched tasks take as many locks as there are groups. */
export const topicCount = 64;

/** The group of a task, as an expression; {@link topicCount} of them. */
export function topicSql(taskId: string): string {
  return `(hashtextextended(${taskId}, 7) & ${topicCount - 1})::text`;
}

/**
 * Stores records and tells who watches. Outcomes (0 stored, 1 stale, 2 final) come in the order given. Rows are locked in order of their ids, so that two
 * programs never wait for each other. Revocations get their numbers under a lock, in the order given: a reader that has seen one has seen all before it.
 */
function putResults(schema: string, scope: WakeScope): string {
  return `CREATE FUNCTION ${schema}.put_results_1(p_ids text[], p_states text[], p_documents text[], p_attempts bigint[], p_deliveries bigint[], p_expires_in bigint[])
  RETURNS integer[] LANGUAGE plpgsql AS $lovage$
  DECLARE
    now_ms bigint;
    outcomes integer[] := array_fill(0, ARRAY[cardinality(p_ids)]);
    numbers bigint[];
    i integer;
    sticky boolean;
  BEGIN
    IF 'REVOKED' = ANY(p_states) THEN
      PERFORM pg_advisory_xact_lock(hashtextextended('lovage/backend/revocations', 0));
      FOR i IN 1..cardinality(p_ids) LOOP
        IF p_states[i] = 'REVOKED' THEN numbers[i] := ${nextNumber(schema)}; END IF;
      END LOOP;
    END IF;
    FOR i IN SELECT place FROM unnest(p_ids) WITH ORDINALITY AS p(id, place) ORDER BY id COLLATE "C", place LOOP
      now_ms := ${nowMs};
      INSERT INTO ${schema}.results AS r (task_id, state, attempt, delivery, expires_at, revoked, document)
        VALUES (p_ids[i], p_states[i], p_attempts[i], p_deliveries[i], now_ms + p_expires_in[i],
                numbers[i], p_documents[i])
        ON CONFLICT (task_id) DO UPDATE SET
          state = excluded.state, attempt = excluded.attempt, delivery = excluded.delivery, expires_at = excluded.expires_at,
          revoked = CASE WHEN r.state = 'REVOKED' AND r.expires_at > now_ms THEN r.revoked ELSE excluded.revoked END, document = excluded.document
        WHERE r.expires_at <= now_ms
          OR r.state NOT IN ('SUCCESS', 'REVOKED')
             AND (excluded.attempt IS NULL OR r.attempt IS NULL OR (excluded.attempt, excluded.delivery) >= (r.attempt, r.delivery))
          OR (r.state, r.document) = (excluded.state, excluded.document)
             AND (r.attempt, r.delivery) IS NOT DISTINCT FROM (excluded.attempt, excluded.delivery);
      IF FOUND THEN
        ${announceSql(scope, topicSql("p_ids[i]"), "left(p_ids[i], 1000)")}
      ELSE
        SELECT r.state IN ('SUCCESS', 'REVOKED') INTO sticky FROM ${schema}.results r WHERE r.task_id = p_ids[i];
        outcomes[i] := CASE WHEN sticky THEN 2 ELSE 1 END;
      END IF;
    END LOOP;
    RETURN outcomes;
  END $lovage$`;
}

/** Arrives at a join; see the contract. */
function arrive(schema: string): string {
  return `CREATE FUNCTION ${schema}.arrive_1(p_join text, p_member text, p_place integer, p_payload text)
  RETURNS TABLE (arrived integer, size integer, completes boolean) LANGUAGE plpgsql AS $lovage$
  #variable_conflict use_column
  DECLARE
    now_ms bigint := ${nowMs};
    is_new boolean;
  BEGIN
    PERFORM 1 FROM ${schema}.joins j WHERE j.join_id = p_join AND j.expires_at > now_ms FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    INSERT INTO ${schema}.join_members (join_id, member_id, place, payload) VALUES (p_join, p_member, p_place, p_payload) ON CONFLICT DO NOTHING;
    is_new := FOUND;
    IF is_new THEN
      UPDATE ${schema}.joins j SET arrived = j.arrived + 1, expires_at = now_ms + j.expires_in,
          completed_by = CASE WHEN j.arrived + 1 = j.size THEN p_member ELSE j.completed_by END
        WHERE j.join_id = p_join;
    END IF;
    RETURN QUERY SELECT j.arrived, j.size, coalesce(j.completed_by = p_member, false) FROM ${schema}.joins j WHERE j.join_id = p_join;
  END $lovage$`;
}

/** The functions on results and joins. */
export function resultFunctions(schema: string, scope: WakeScope): readonly string[] {
  return [putResults(schema, scope), arrive(schema)];
}
