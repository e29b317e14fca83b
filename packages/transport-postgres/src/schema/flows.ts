import { placeInList } from "@lovage/client-postgres";

/** Flows looked at in one claim; more of them wait for the next one. */
const maxFlows = 64;

/** What a claim makes of a message that it takes. */
export const lease = "state = 2, at = until_ms, fence = greatest(m.fence + 1, now_us)";

/** The messages among which a claim chooses now. */
export const inLevel = "m.queue = q AND m.state = 0 AND m.urgency = level_now";

/** What a claim returns of a message. */
export function columns(pass: string, rank: string, flow: string): string {
  return `m.id, m.fence, m.losses::integer, m.redelivered, ${pass}, ${rank}, ${flow}, m.place, NULL::text, m.frame`;
}

/** The flows whose turn it is: those behind the last one, then those from the first to the last one. */
export function findFlows(messages: string): string {
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

/** The same number of messages of each flow, in turn. */
export function takeFlows(messages: string): string {
  const place = placeInList("m.id", "picked");
  return `share := ceil(needed::numeric / greatest(cardinality(keys), 1));
        SELECT array_agg(r.id ORDER BY r.id), array_agg(r.rank ORDER BY r.id), array_agg(r.flow ORDER BY r.id) INTO picked, ranks, flows
          FROM (SELECT * FROM (${firstOfEachFlow(messages)}) f ORDER BY f.rank, f.flow LIMIT needed) r;
        RETURN QUERY UPDATE ${messages} m SET ${lease} WHERE m.id = ANY(picked)
          RETURNING ${columns("passes", `ranks[${place}]`, `flows[${place}]`)};
        ${afterFlows}`;
}

/** Those that are at the head of each flow, locked. */
export function firstOfEachFlow(messages: string): string {
  return `SELECT x.id, k.n::integer AS flow, row_number() OVER (PARTITION BY k.n ORDER BY x.place, x.id)::integer AS rank
              FROM unnest(keys) WITH ORDINALITY AS k(key, n) CROSS JOIN LATERAL (
                SELECT m.id, m.place FROM ${messages} m WHERE ${inLevel} AND m.key = k.key ORDER BY m.place, m.id LIMIT share FOR UPDATE SKIP LOCKED) x`;
}

/** What a claim remembers once it has taken them. */
export const afterFlows = `GET DIAGNOSTICS got = ROW_COUNT;
        last_turn := keys[cardinality(keys)];
        -- All that is left of this urgency is in the hands of others.
        IF got = 0 THEN level := level_now; END IF;`;
