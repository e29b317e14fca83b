import { announceSql, functionSettings, notifySql, nowMs, type WakeScope } from "@lovage/client-postgres";

/** Parameters that describe messages; the same in each function that inserts. Lists that are NULL stand for defaults throughout. */
export const batchParameters =
  "p_names text[], p_queues integer[], p_starts integer[], p_lengths integer[], p_frames bytea, p_priorities integer[], p_keys text[], p_in_ms bigint[], p_at_ms bigint[]";
/** The same, as arguments. */
export const batchArguments =
  "p_names, p_queues, p_starts, p_lengths, p_frames, p_priorities, p_keys, p_in_ms, p_at_ms";

/**
 * Inserts messages in order, those alone whose number in `p_owners` is in `p_done`. A queue that somebody has deleted is made again: a message is
 * never lost for that. The frames come as one piece, because an array of them would have to be escaped.
 */
function insertMessages(schema: string): string {
  return `CREATE FUNCTION ${schema}.insert_messages_1(${batchParameters}, p_owners integer[], p_done integer[])
  RETURNS void ${functionSettings} AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    ids integer[];
    priorities boolean[];
    fairness boolean[];
  BEGIN
    FOR attempt IN 1..2 LOOP
      SELECT array_agg(q.id ORDER BY n.place),
             array_agg(q.priorities AND n.name NOT LIKE '%.dead' ORDER BY n.place),
             array_agg(q.fairness AND n.name NOT LIKE '%.dead' ORDER BY n.place)
        INTO ids, priorities, fairness
        FROM unnest(p_names) WITH ORDINALITY AS n(name, place) JOIN ${schema}.queues q ON q.name = n.name AND NOT q.deleted;
      EXIT WHEN cardinality(ids) = cardinality(p_names);
      INSERT INTO ${schema}.queues (name)
        SELECT name FROM unnest(p_names) AS name UNION SELECT name || '.dead' FROM unnest(p_names) AS name WHERE name NOT LIKE '%.dead'
        ON CONFLICT (name) DO UPDATE SET deleted = false;
    END LOOP;
    INSERT INTO ${schema}.messages (queue, state, urgency, key, place, at, frame)
      SELECT ids[m.queue],
             CASE WHEN m.due > now_ms THEN 1 ELSE 0 END,
             CASE WHEN priorities[m.queue] THEN 9 - m.priority ELSE 9 END,
             CASE WHEN fairness[m.queue] THEN m.key ELSE '' END,
             greatest(m.due, now_ms),
             greatest(m.due, now_ms),
             substring(p_frames FROM m.start FOR m.length)
        FROM (
          SELECT b.queue, b.start, b.length, b.place, b.owner, coalesce(b.priority, 0) AS priority, coalesce(b.key, '') AS key,
                 coalesce(b.at_ms, now_ms + b.in_ms, now_ms) AS due
            FROM unnest(p_queues, p_starts, p_lengths, p_priorities, p_keys, p_in_ms, p_at_ms, p_owners)
              WITH ORDINALITY AS b(queue, start, length, priority, key, in_ms, at_ms, owner, place)
        ) AS m
        WHERE p_done IS NULL OR m.owner = ANY(p_done);
  END $lovage$`;
}

/** Inserts messages and wakes who sleeps on these topics. */
function publish(schema: string): string {
  return `CREATE FUNCTION ${schema}.publish_1(${batchParameters}, p_wake text[])
  RETURNS void ${functionSettings} AS $lovage$
  BEGIN
    PERFORM ${schema}.insert_messages_1(${batchArguments}, NULL, NULL);
    PERFORM ${schema}.announce_1(p_wake);
  END $lovage$`;
}

/** For programs of a version before 6. In a transaction of the caller's, which may last: tells in any case, and holds no lock. */
function enqueue(schema: string, scope: WakeScope): string {
  return `CREATE FUNCTION ${schema}.enqueue_1(${batchParameters})
  RETURNS void ${functionSettings} AS $lovage$
  DECLARE
    topic text;
  BEGIN
    PERFORM ${schema}.insert_messages_1(${batchArguments}, NULL, NULL);
    FOREACH topic IN ARRAY p_names LOOP
      ${notifySql(scope, "topic")}
    END LOOP;
  END $lovage$`;
}

/** Wakes who sleeps on these topics, and tells nobody when nobody sleeps. */
function announce(schema: string, scope: WakeScope): string {
  return `CREATE FUNCTION ${schema}.announce_1(p_topics text[])
  RETURNS void LANGUAGE plpgsql AS $lovage$
  DECLARE
    topic text;
  BEGIN
    FOREACH topic IN ARRAY p_topics LOOP
      ${announceSql(scope, "topic")}
    END LOOP;
  END $lovage$`;
}

/** The functions that publish. */
export function publishFunctions(schema: string, scope: WakeScope): readonly string[] {
  return [announce(schema, scope), insertMessages(schema), publish(schema), enqueue(schema, scope)];
}
