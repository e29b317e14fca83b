import { functionSettings, nowMs } from "@lovage/client-postgres";

/** Delayed messages made ready in one claim: a million that are due at once must not stop the server. */
const maxPromoted = 1_000;
/** Flows looked at in one claim; more of them wait for the next one. */
const maxFlows = 64;

const lease = "state = 2, at = until_ms, fence = greatest(m.fence + 1, now_us)";
const inLevel = "m.queue = q AND m.state = 0 AND m.urgency = level_now";

/**
 * Makes due what is due and leases messages. The row without an id is no message: its `fence` says when the next delayed one is due, its `losses` whether suspects wait, its `turn`
 * which flow was served last. Rows of messages are in order by `pass`, `rank`, `flow`, `place`, `id`.
 *
 * Flows of one urgency are found by skipping from key to key in the index, beginning behind the one that was served last; each gives an equal
 * share. A queue with one flow costs one probe more than a queue without fairness.
 */
export function claimFunction(schema: string): string {
  const messages = `${schema}.messages`;
  return `CREATE FUNCTION ${schema}.claim_1(p_queue text, p_max integer, p_lease_ms bigint, p_suspects boolean, p_turn text)
  RETURNS TABLE (id bigint, fence bigint, losses integer, redelivered boolean, pass integer, rank integer, flow integer, place bigint, turn text, frame bytea)
  ${functionSettings} AS $lovage$
  #variable_conflict use_column
  DECLARE
    now_us bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    now_ms bigint := ${nowMs};
    until_ms bigint := now_ms + p_lease_ms;
    q integer;
    due bigint;
    needed integer := p_max;
    got integer;
    passes integer := 0;
    level smallint := -1;
    level_now smallint;
    first_key text COLLATE "C";
    keys text[] COLLATE "C";
    share integer;
    last_turn text COLLATE "C" := p_turn;
  BEGIN
    SELECT queues.id INTO q FROM ${schema}.queues WHERE queues.name = p_queue;
    ${promote(messages)}
    ${takeSuspects(messages)}
    WHILE needed > 0 AND NOT p_suspects LOOP
      SELECT m.urgency, m.key INTO level_now, first_key FROM ${messages} m
        WHERE m.queue = q AND m.state = 0 AND m.urgency > level ORDER BY m.urgency, m.key LIMIT 1;
      EXIT WHEN NOT FOUND;
      passes := passes + 1;
      PERFORM 1 FROM ${messages} m WHERE ${inLevel} AND m.key > first_key ORDER BY m.key LIMIT 1;
      IF NOT FOUND THEN
        ${takeOneFlow(messages)}
      ELSE
        ${findFlows(messages)}
        ${takeFlows(messages)}
      END IF;
      needed := needed - got;
    END LOOP;
    ${tellTheRest(messages)}
  END $lovage$`;
}

function promote(messages: string): string {
  return `SELECT m.at INTO due FROM ${messages} m WHERE m.queue = q AND m.state = 1 ORDER BY m.at LIMIT 1;
    IF due <= now_ms THEN
      UPDATE ${messages} m SET state = CASE WHEN m.suspect THEN 3 ELSE 0 END WHERE m.ctid = ANY(ARRAY(
        SELECT m.ctid FROM ${messages} m WHERE m.queue = q AND m.state = 1 AND m.at <= now_ms ORDER BY m.at LIMIT ${maxPromoted} FOR UPDATE SKIP LOCKED));
    END IF;`;
}

function takeSuspects(messages: string): string {
  return `IF p_suspects THEN
      RETURN QUERY UPDATE ${messages} m SET ${lease} WHERE m.ctid = ANY(ARRAY(
        SELECT m.ctid FROM ${messages} m WHERE m.queue = q AND m.state = 3 ORDER BY m.at LIMIT p_max FOR UPDATE SKIP LOCKED))
        RETURNING ${columns("0", "0", "0")};
      GET DIAGNOSTICS got = ROW_COUNT;
      needed := needed - got;
    END IF;`;
}

function takeOneFlow(messages: string): string {
  return `RETURN QUERY UPDATE ${messages} m SET ${lease} WHERE m.ctid = ANY(ARRAY(
          SELECT m.ctid FROM ${messages} m WHERE ${inLevel} AND m.key = first_key ORDER BY m.place, m.id LIMIT needed FOR UPDATE SKIP LOCKED))
          RETURNING ${columns("passes", "0", "0")};
        GET DIAGNOSTICS got = ROW_COUNT;
        IF got > 0 THEN last_turn := first_key; END IF;
        level := level_now;`;
}

/** The flows whose turn it is: those behind the last one, then those from the first to the last one. */
function findFlows(messages: string): string {
  const behind = `SELECT m.key FROM ${messages} m WHERE ${inLevel} AND m.key > f.key ORDER BY m.key LIMIT 1`;
  return `keys := ARRAY(
          WITH RECURSIVE f(key, n) AS (
            (SELECT m.key, 1 FROM ${messages} m WHERE ${inLevel} AND m.key > last_turn ORDER BY m.key LIMIT 1)
            UNION ALL
            SELECT x.key, f.n + 1 FROM f CROSS JOIN LATERAL (${behind}) x WHERE f.n < least(needed, ${maxFlows})
          ) SELECT f.key FROM f);
        IF cardinality(keys) < least(needed, ${maxFlows}) THEN
          keys := keys || ARRAY(
            WITH RECURSIVE f(key, n) AS (
              SELECT first_key, 1 WHERE last_turn IS NULL OR first_key <= last_turn
              UNION ALL
              SELECT x.key, f.n + 1 FROM f CROSS JOIN LATERAL (${behind}) x
                WHERE f.n < least(needed, ${maxFlows}) - cardinality(keys) AND (last_turn IS NULL OR x.key <= last_turn)
            ) SELECT f.key FROM f);
        END IF;`;
}

function takeFlows(messages: string): string {
  return `share := ceil(needed::numeric / greatest(cardinality(keys), 1));
        RETURN QUERY WITH picked AS MATERIALIZED (
          SELECT r.id, r.rank, r.flow FROM (
            SELECT x.id, k.n::integer AS flow, row_number() OVER (PARTITION BY k.n ORDER BY x.place, x.id)::integer AS rank
              FROM unnest(keys) WITH ORDINALITY AS k(key, n) CROSS JOIN LATERAL (
                SELECT m.id, m.place FROM ${messages} m WHERE ${inLevel} AND m.key = k.key ORDER BY m.place, m.id LIMIT share FOR UPDATE SKIP LOCKED) x
          ) r ORDER BY r.rank, r.flow LIMIT needed
        ) UPDATE ${messages} m SET ${lease} FROM picked p WHERE m.id = p.id
          RETURNING ${columns("passes", "p.rank", "p.flow")};
        GET DIAGNOSTICS got = ROW_COUNT;
        last_turn := keys[cardinality(keys)];
        -- All that is left of this urgency is in the hands of others.
        IF got = 0 THEN level := level_now; END IF;`;
}

function tellTheRest(messages: string): string {
  return `due := NULL;
    IF needed = p_max THEN
      SELECT m.at INTO due FROM ${messages} m WHERE m.queue = q AND m.state = 1 ORDER BY m.at LIMIT 1;
    END IF;
    RETURN QUERY SELECT NULL::bigint, CASE WHEN due IS NULL THEN NULL ELSE greatest(due - now_ms, 0) END,
      (EXISTS (SELECT 1 FROM ${messages} m WHERE m.queue = q AND m.state = 3))::integer,
      NULL::boolean, NULL::integer, NULL::integer, NULL::integer, NULL::bigint, last_turn, NULL::bytea;`;
}

function columns(pass: string, rank: string, flow: string): string {
  return `m.id, m.fence, m.losses::integer, m.redelivered, ${pass}, ${rank}, ${flow}, m.place, NULL::text, m.frame`;
}

/** Whether there is anything to claim now, and in how many ms the next delayed message is due; takes nothing. */
export function peekFunction(schema: string): string {
  const messages = `${schema}.messages`;
  return `CREATE FUNCTION ${schema}.peek_1(p_queue text) RETURNS TABLE (ready boolean, due_in bigint) ${functionSettings} AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    q integer;
    due bigint;
  BEGIN
    SELECT id INTO q FROM ${schema}.queues WHERE name = p_queue;
    SELECT m.at INTO due FROM ${messages} m WHERE m.queue = q AND m.state = 1 ORDER BY m.at LIMIT 1;
    RETURN QUERY SELECT coalesce(due <= now_ms, false)
        OR EXISTS (SELECT 1 FROM ${messages} m WHERE m.queue = q AND m.state = 0 ORDER BY m.urgency, m.key LIMIT 1)
        OR EXISTS (SELECT 1 FROM ${messages} m WHERE m.queue = q AND m.state = 3 ORDER BY m.at LIMIT 1),
      CASE WHEN due IS NULL THEN NULL ELSE greatest(due - now_ms, 0) END;
  END $lovage$`;
}

/** Whether suspects of a queue wait. */
export function suspectsWaitFunction(schema: string): string {
  return `CREATE FUNCTION ${schema}.suspects_wait_6(p_queue text)
  RETURNS boolean ${functionSettings} SET plan_cache_mode = force_generic_plan AS $lovage$
  BEGIN
    RETURN EXISTS (SELECT FROM ${schema}.messages m
      WHERE m.queue = (SELECT q.id FROM ${schema}.queues q WHERE q.name = p_queue) AND m.state = 3);
  END $lovage$`;
}
