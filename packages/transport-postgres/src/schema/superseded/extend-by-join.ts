import { functionSettings, nowMs } from "@lovage/client-postgres";

import { isLeased } from "../is-leased.ts";

/** For programs of earlier versions. Prolongs leases; returns the numbers (from 1) of those that are lost. */
export function extendWaiting(schema: string): string {
  return `CREATE FUNCTION ${schema}.extend_1(p_ids bigint[], p_fences bigint[], p_lease_ms bigint)
  RETURNS SETOF integer ${functionSettings} AS $lovage$
  DECLARE
    until_ms bigint := ${nowMs} + p_lease_ms;
    kept integer[];
  BEGIN
    -- One that is lost in a crash of the server leaves the lease as long as it was, which is most of it.
    PERFORM set_config('synchronous_commit', 'off', true);
    WITH prolonged AS (
      UPDATE ${schema}.messages m SET at = until_ms
        FROM unnest(p_ids, p_fences) WITH ORDINALITY AS l(id, fence, number)
        WHERE m.id = l.id AND m.fence = l.fence AND ${isLeased}
        RETURNING l.number::integer AS number
    ) SELECT coalesce(array_agg(prolonged.number), '{}') INTO kept FROM prolonged;
    RETURN QUERY SELECT number FROM generate_series(1, cardinality(p_ids)) AS number WHERE NOT number = ANY(kept);
  END $lovage$`;
}

/** For programs of earlier versions: as `extend_5`, but what is locked is told of as if it had been prolonged. */
export function extendLockedUntold(schema: string): string {
  const messages = `${schema}.messages`;
  return `CREATE FUNCTION ${schema}.extend_4(p_ids bigint[], p_fences bigint[], p_lease_ms bigint)
  RETURNS SETOF integer ${functionSettings} SET plan_cache_mode = force_generic_plan AS $lovage$
  DECLARE
    until_ms bigint := ${nowMs} + p_lease_ms;
    prolonged integer;
  BEGIN
    -- One that is lost in a crash of the server leaves the lease as long as it was, which is most of it.
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE ${messages} SET at = until_ms WHERE id = ANY(ARRAY(
      SELECT m.id FROM unnest(p_ids, p_fences) AS l(id, fence) JOIN ${messages} m ON m.id = l.id
        WHERE m.fence = l.fence AND ${isLeased} FOR NO KEY UPDATE OF m SKIP LOCKED));
    GET DIAGNOSTICS prolonged = ROW_COUNT;
    IF prolonged < cardinality(p_ids) THEN
      RETURN QUERY SELECT l.number::integer FROM unnest(p_ids, p_fences) WITH ORDINALITY AS l(id, fence, number)
        WHERE NOT EXISTS (SELECT FROM ${messages} m WHERE m.id = l.id AND m.fence = l.fence AND ${isLeased});
    END IF;
  END $lovage$`;
}

/**
 * For programs of the version before, and slow for as long as the server takes the table for empty: a join may begin with all messages.
 *
 * Prolongs leases; returns the numbers (from 1) of those that it did not prolong, and whether they are gone. What is locked is left out: a settlement whose commit takes long would
 * otherwise keep the renewal of all other leases waiting until they have ended. Nor is it told as prolonged: the lock may be that of a sweep, which takes the lease away.
 */
export function extendByJoin(schema: string): string {
  const messages = `${schema}.messages`;
  return `CREATE FUNCTION ${schema}.extend_5(p_ids bigint[], p_fences bigint[], p_lease_ms bigint)
  RETURNS TABLE (number integer, gone boolean) ${functionSettings} SET plan_cache_mode = force_generic_plan AS $lovage$
  #variable_conflict use_column
  DECLARE
    until_ms bigint := ${nowMs} + p_lease_ms;
    kept bigint[];
  BEGIN
    -- One that is lost in a crash of the server leaves the lease as long as it was, which is most of it.
    PERFORM set_config('synchronous_commit', 'off', true);
    WITH prolonged AS (
      UPDATE ${messages} SET at = until_ms WHERE id = ANY(ARRAY(
        SELECT m.id FROM unnest(p_ids, p_fences) AS l(id, fence) JOIN ${messages} m ON m.id = l.id
          WHERE m.fence = l.fence AND ${isLeased} FOR NO KEY UPDATE OF m SKIP LOCKED))
        RETURNING id
    ) SELECT coalesce(array_agg(prolonged.id), '{}') INTO kept FROM prolonged;
    IF cardinality(kept) < cardinality(p_ids) THEN
      RETURN QUERY SELECT l.number::integer, m.id IS NULL
        FROM unnest(p_ids, p_fences) WITH ORDINALITY AS l(id, fence, number)
          LEFT JOIN ${messages} m ON m.id = l.id AND m.fence = l.fence AND ${isLeased}
        WHERE m.id IS NULL OR NOT m.id = ANY(kept);
    END IF;
  END $lovage$`;
}
