import { announceSql, nowMs, type WakeScope } from "@lovage/client-postgres";

const asBatch =
  "ARRAY[p_queue], array_fill(1, ARRAY[cardinality(p_starts)]), p_starts, p_lengths, p_frames, NULL, NULL, NULL, NULL, NULL, NULL";

/**
 * Inserts messages of one queue that have neither priority nor key nor delay, in order: what nearly all batches are made of. As with one message there are no settings for the
 * time of the call, since no statistics can spoil the two plans, and a queue that somebody has deleted is left to the function that makes it again.
 */
export function publishPlainFunction(schema: string, scope: WakeScope): string {
  return `CREATE FUNCTION ${schema}.publish_plain_3(p_queue text, p_starts integer[], p_lengths integer[], p_frames bytea, p_wakes boolean)
  RETURNS void LANGUAGE plpgsql AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    q integer;
  BEGIN
    SELECT queues.id INTO q FROM ${schema}.queues WHERE queues.name = p_queue AND NOT queues.deleted;
    IF q IS NULL THEN
      PERFORM ${schema}.insert_messages_1(${asBatch});
    ELSE
      INSERT INTO ${schema}.messages (queue, state, urgency, key, place, at, frame)
        SELECT q, 0, 9, '', now_ms, now_ms, substring(p_frames FROM b.start FOR b.length)
          FROM unnest(p_starts, p_lengths) AS b(start, length);
    END IF;
    IF p_wakes THEN
      ${announceSql(scope, "p_queue")}
    END IF;
  END $lovage$`;
}
