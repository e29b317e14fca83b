import { functionSettings, nowMs } from "@lovage/client-postgres";

import { isLeased } from "../is-leased.ts";
import { batchArguments, batchParameters } from "../publish-functions.ts";

/**
 * For programs of the version before, and slow for as long as the server takes the table for empty: a join may begin with all messages.
 *
 * Ends deliveries: kind 0 removes the message, kind 1 gives it back. What is to be published with them is published for those that succeeded. Returns the numbers (from 1) of
 * those whose lease is lost, and for each whether the message is gone altogether. A release raises the fence, so that it can be told from a
 * lease that is still held when it is asked for twice.
 */
export function settleByJoin(schema: string): string {
  return `CREATE FUNCTION ${schema}.settle_1(p_ids bigint[], p_fences bigint[], p_kinds integer[], p_delays bigint[], ${batchParameters}, p_owners integer[], p_wake text[])
  RETURNS TABLE (number integer, fence bigint) ${functionSettings} AS $lovage$
  #variable_conflict use_column
  DECLARE
    now_ms bigint := ${nowMs};
    removed integer[];
    released integer[];
    done integer[];
  BEGIN
    WITH gone AS (
      DELETE FROM ${schema}.messages m
        USING unnest(p_ids, p_fences, p_kinds) WITH ORDINALITY AS s(id, fence, kind, number)
        WHERE s.kind = 0 AND m.id = s.id AND m.fence = s.fence AND ${isLeased}
        RETURNING s.number::integer AS number
    ) SELECT coalesce(array_agg(gone.number), '{}') INTO removed FROM gone;
    IF 1 = ANY(p_kinds) THEN
      WITH back AS (
        UPDATE ${schema}.messages m
          SET state = CASE WHEN s.delay > 0 THEN 1 WHEN m.suspect THEN 3 ELSE 0 END,
              at = now_ms + s.delay,
              place = CASE WHEN s.delay > 0 THEN now_ms + s.delay ELSE m.place END,
              fence = m.fence + 1,
              redelivered = true
          FROM unnest(p_ids, p_fences, p_kinds, p_delays) WITH ORDINALITY AS s(id, fence, kind, delay, number)
          WHERE s.kind = 1 AND m.id = s.id AND m.fence = s.fence AND ${isLeased}
          RETURNING s.number::integer AS number
      ) SELECT coalesce(array_agg(back.number), '{}') INTO released FROM back;
      done := removed || released;
    ELSE
      done := removed;
    END IF;
    IF p_queues IS NOT NULL THEN
      PERFORM ${schema}.insert_messages_1(${batchArguments}, p_owners, done);
    END IF;
    IF p_wake IS NOT NULL THEN
      PERFORM ${schema}.announce_1(p_wake);
    END IF;
    IF cardinality(done) < cardinality(p_ids) THEN
      RETURN QUERY SELECT s.number::integer, m.fence
        FROM unnest(p_ids) WITH ORDINALITY AS s(id, number) LEFT JOIN ${schema}.messages m ON m.id = s.id
        WHERE NOT s.number = ANY(done);
    END IF;
  END $lovage$`;
}
