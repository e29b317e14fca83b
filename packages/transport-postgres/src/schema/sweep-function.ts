import { batchArguments, batchParameters } from "./publish-functions.ts";
import { functionSettings, nowMs } from "@lovage/client-postgres";

/** Written so that no partial index fits: among a million leased messages each is to be found by its id, also by a plan that was made when there was none. */
export const isLeased = "m.state + 0 = 2";

/**
 * Ends deliveries: kind 0 removes the message, kind 1 gives it back. What is to be published with them is published for those that succeeded. Returns the numbers (from 1) of
 * those whose lease is lost, and for each whether the message is gone altogether. A release raises the fence, so that it can be told from a
 * lease that is still held when it is asked for twice.
 */
function settle(schema: string): string {
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

/** Prolongs leases; returns the numbers (from 1) of those that are lost. */
function extend(schema: string): string {
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

/** Takes back what dead consumers of a queue held, and drops its old dead letters; at most so many of each. */
function sweep(schema: string): string {
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

/** The functions that end and prolong deliveries. */
export function settleFunctions(schema: string): readonly string[] {
  return [settle(schema), extend(schema), sweep(schema)];
}
