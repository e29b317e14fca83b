import { functionSettings, nowMs, placeInList } from "@lovage/client-postgres";

import { isLeased } from "./is-leased.ts";
import { batchArguments, batchParameters } from "./publish-functions.ts";

/**
 * Ends deliveries, which are given in the order of their ids and fences: kind 0 removes the message, kind 1 gives it back. What is to be published with them is published for those
 * that succeeded. Returns the numbers (from 1) of those whose lease is lost, and for each the fence that the message has now, null when it is gone altogether. A release raises the
 * fence, so that it can be told from a lease that is still held when it is asked for twice.
 */
export function settleFunction(schema: string): string {
  const place = placeInList("m.id", "p_ids");
  const held = (kind: number): string =>
    `m.id = ANY(p_ids) AND p_kinds[${place}] = ${kind} AND m.fence = p_fences[${place}] AND ${isLeased}`;
  return `CREATE FUNCTION ${schema}.settle_7(p_ids bigint[], p_fences bigint[], p_kinds integer[], p_delays bigint[], ${batchParameters}, p_owners integer[], p_wake text[])
  RETURNS TABLE (number integer, fence bigint) ${functionSettings} SET plan_cache_mode = force_generic_plan AS $lovage$
  #variable_conflict use_column
  DECLARE
    now_ms bigint := ${nowMs};
    done integer[] := '{}';
    released integer[];
  BEGIN
    IF 0 = ANY(p_kinds) THEN
      WITH gone AS (DELETE FROM ${schema}.messages m WHERE ${held(0)} RETURNING ${place} AS number)
        SELECT coalesce(array_agg(gone.number), '{}') INTO done FROM gone;
    END IF;
    IF 1 = ANY(p_kinds) THEN
      WITH back AS (
        UPDATE ${schema}.messages m
          SET state = CASE WHEN p_delays[${place}] > 0 THEN 1 WHEN m.suspect THEN 3 ELSE 0 END,
              at = now_ms + p_delays[${place}],
              place = CASE WHEN p_delays[${place}] > 0 THEN now_ms + p_delays[${place}] ELSE m.place END,
              fence = m.fence + 1,
              redelivered = true
          WHERE ${held(1)}
          RETURNING ${place} AS number
      ) SELECT coalesce(array_agg(back.number), '{}') INTO released FROM back;
      done := done || released;
    END IF;
    IF p_queues IS NOT NULL THEN
      PERFORM ${schema}.insert_messages_1(${batchArguments}, p_owners, done);
    END IF;
    IF p_wake IS NOT NULL THEN
      PERFORM ${schema}.announce_1(p_wake);
    END IF;
    IF cardinality(done) < cardinality(p_ids) THEN
      RETURN QUERY SELECT s.number::integer, (SELECT m.fence FROM ${schema}.messages m WHERE m.id = s.id)
        FROM unnest(p_ids) WITH ORDINALITY AS s(id, number) WHERE NOT s.number = ANY(done);
    END IF;
  END $lovage$`;
}
