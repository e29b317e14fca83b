import { functionSettings, nowMs } from "@lovage/client-postgres";

import { columns, findFlows, inLevel, lease, takeFlows } from "./flows.ts";

/** Delayed messages made ready in one claim: a million that are due at once must not stop the server. */
const maxPromoted = 1_000;

/**
 * Makes due what is due and leases messages. The row without an id is no message: its `fence` says when the next delayed one is due, its `losses` whether suspects wait, its `turn`
 * which flow was served last. Rows of messages are in order by `pass`, `rank`, `flow`, `place`, `id`.
 *
 * Flows of one urgency are found by skipping from key to key in the index, beginning behind the one that was served last; each gives an equal
 * share. A queue with one flow costs one probe more than a queue without fairness.
 */
export function claimFunction(schema: string): string {
  const settings = `${functionSettings} SET plan_cache_mode = force_generic_plan`;
  return claimFunctionOf(schema, { name: "claim_7", settings, takeFlows });
}

/** What differs between versions of the function. */
interface ClaimVersion {
  readonly name: string;
  readonly settings: string;
  /** Takes messages of several flows, from a table whose name comes quoted. */
  readonly takeFlows: (messages: string) => string;
}

/** The function in a certain version. */
export function claimFunctionOf(schema: string, { name, settings, takeFlows: take }: ClaimVersion): string {
  const messages = `${schema}.messages`;
  return `CREATE FUNCTION ${schema}.${name}(p_queue text, p_max integer, p_lease_ms bigint, p_suspects boolean, p_turn text)
  RETURNS TABLE (id bigint, fence bigint, losses integer, redelivered boolean, pass integer, rank integer, flow integer, place bigint, turn text, frame bytea)
  ${settings} AS $lovage$
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
    picked bigint[];
    ranks integer[];
    flows integer[];
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
        ${take(messages)}
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

function tellTheRest(messages: string): string {
  return `due := NULL;
    IF needed = p_max THEN
      SELECT m.at INTO due FROM ${messages} m WHERE m.queue = q AND m.state = 1 ORDER BY m.at LIMIT 1;
    END IF;
    RETURN QUERY SELECT NULL::bigint, CASE WHEN due IS NULL THEN NULL ELSE greatest(due - now_ms, 0) END,
      (EXISTS (SELECT 1 FROM ${messages} m WHERE m.queue = q AND m.state = 3))::integer,
      NULL::boolean, NULL::integer, NULL::integer, NULL::integer, NULL::bigint, last_turn, NULL::bytea;`;
}
