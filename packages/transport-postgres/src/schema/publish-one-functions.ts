import { announceSql, notifySql, nowMs, type WakeScope } from "@lovage/client-postgres";

/** Parameters that describe one message. What is NULL stands for the default. */
const parameters = "p_queue text, p_frame bytea, p_priority integer, p_key text, p_in_ms bigint, p_at_ms bigint";
/** The same as a batch of one, and no settlement that it belongs to. */
const asBatch =
  "ARRAY[p_queue], ARRAY[1], ARRAY[1], ARRAY[octet_length(p_frame)], p_frame, ARRAY[p_priority], ARRAY[p_key], ARRAY[p_in_ms], ARRAY[p_at_ms], NULL, NULL";

/**
 * Inserts one message. Lists, and settings for the time of a call, take three times as long as the insert itself; the one plan that is made here looks up a queue by its unique
 * name, which no statistics can spoil. A queue that somebody has deleted is left to the function for batches, which makes it again.
 */
function insertOne(schema: string): string {
  return `INSERT INTO ${schema}.messages (queue, state, urgency, key, place, at, frame)
      SELECT q.id,
             CASE WHEN due > now_ms THEN 1 ELSE 0 END,
             CASE WHEN p_priority IS NOT NULL AND q.priorities AND q.name NOT LIKE '%.dead' THEN 9 - p_priority ELSE 9 END,
             CASE WHEN p_key IS NOT NULL AND q.fairness AND q.name NOT LIKE '%.dead' THEN p_key ELSE '' END,
             greatest(due, now_ms), greatest(due, now_ms), p_frame
        FROM ${schema}.queues q WHERE q.name = p_queue AND NOT q.deleted;
    IF NOT FOUND THEN
      PERFORM ${schema}.insert_messages_1(${asBatch});
    END IF;`;
}

function publishOne(schema: string, scope: WakeScope): string {
  return `CREATE FUNCTION ${schema}.publish_one_2(${parameters}, p_wakes boolean)
  RETURNS void LANGUAGE plpgsql AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    due bigint := coalesce(p_at_ms, now_ms + p_in_ms, now_ms);
  BEGIN
    ${insertOne(schema)}
    IF p_wakes THEN
      ${announceSql(scope, "p_queue")}
    END IF;
  END $lovage$`;
}

/** In a transaction of the caller's, as `enqueue_1`. */
function enqueueOne(schema: string, scope: WakeScope): string {
  return `CREATE FUNCTION ${schema}.enqueue_one_2(${parameters})
  RETURNS void LANGUAGE plpgsql AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    due bigint := coalesce(p_at_ms, now_ms + p_in_ms, now_ms);
  BEGIN
    ${insertOne(schema)}
    ${notifySql(scope, "p_queue")}
  END $lovage$`;
}

/** The functions that publish a message that comes alone, as most do. */
export function publishOneFunctions(schema: string, scope: WakeScope): readonly string[] {
  return [publishOne(schema, scope), enqueueOne(schema, scope)];
}
