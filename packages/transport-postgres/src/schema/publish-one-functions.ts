import { announceSql, notifySql, nowMs, type WakeScope } from "@lovage/client-postgres";

/** Parameters that describe one message. What is NULL stands for the default. */
const fieldParameters = "p_queue text, p_frame bytea, p_priority integer, p_key text, p_in_ms bigint, p_at_ms bigint";
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

/** A function of a number of its own that inserts one message. @param more Parameters beside its fields. @param wake What tells those who sleep. */
export function insertingOne(schema: string, name: string, { more, wake }: { more: string; wake: string }): string {
  return `CREATE FUNCTION ${schema}.${name}(${fieldParameters}${more})
  RETURNS void LANGUAGE plpgsql AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    due bigint := coalesce(p_at_ms, now_ms + p_in_ms, now_ms);
  BEGIN
    ${insertOne(schema)}
    ${wake}
  END $lovage$`;
}

/** Parameter and statement of those functions that wake only where they are told to. */
export function wakingIfAsked(announcement: string): { readonly more: string; readonly wake: string } {
  return {
    more: ", p_wakes boolean",
    wake: `IF p_wakes THEN
      ${announcement}
    END IF;`,
  };
}

/** The functions that publish a message that comes alone, as most do; the second in a transaction of the caller's, for the programs that have `enqueue_1`. */
export function publishOneFunctions(schema: string, scope: WakeScope): readonly string[] {
  return [
    insertingOne(schema, "publish_one_2", wakingIfAsked(announceSql(scope, "p_queue"))),
    insertingOne(schema, "enqueue_one_2", { more: "", wake: notifySql(scope, "p_queue") }),
  ];
}
