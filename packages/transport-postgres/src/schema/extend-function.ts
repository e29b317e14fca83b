import { functionSettings, nowMs, placeInList } from "@lovage/client-postgres";

import { isLeased } from "./is-leased.ts";

/**
 * Prolongs leases, which are given in the order of their ids and fences; returns the numbers (from 1) of those that it did not prolong, and whether they are gone. What is locked is
 * left out: a settlement whose commit takes long would otherwise keep the renewal of all other leases waiting until they have ended. Nor is it told as prolonged: the lock may be
 * that of a sweep, which takes the lease away.
 */
export function extendFunction(schema: string): string {
  const messages = `${schema}.messages`;
  const place = placeInList("m.id", "p_ids");
  return `CREATE FUNCTION ${schema}.extend_7(p_ids bigint[], p_fences bigint[], p_lease_ms bigint)
  RETURNS TABLE (number integer, gone boolean) ${functionSettings} SET plan_cache_mode = force_generic_plan AS $lovage$
  #variable_conflict use_column
  DECLARE
    until_ms bigint := ${nowMs} + p_lease_ms;
    kept integer[];
  BEGIN
    -- One that is lost in a crash of the server leaves the lease as long as it was, which is most of it.
    PERFORM set_config('synchronous_commit', 'off', true);
    WITH prolonged AS (
      UPDATE ${messages} m SET at = until_ms WHERE m.id = ANY(ARRAY(
        SELECT m.id FROM ${messages} m WHERE m.id = ANY(p_ids) AND m.fence = p_fences[${place}] AND ${isLeased}
          FOR NO KEY UPDATE SKIP LOCKED))
        RETURNING ${place} AS number
    ) SELECT coalesce(array_agg(prolonged.number), '{}') INTO kept FROM prolonged;
    IF cardinality(kept) < cardinality(p_ids) THEN
      RETURN QUERY SELECT l.number::integer,
          NOT EXISTS (SELECT FROM ${messages} m WHERE m.id = l.id AND m.fence = l.fence AND ${isLeased} OFFSET 0)
        FROM unnest(p_ids, p_fences) WITH ORDINALITY AS l(id, fence, number) WHERE NOT l.number = ANY(kept);
    END IF;
  END $lovage$`;
}
