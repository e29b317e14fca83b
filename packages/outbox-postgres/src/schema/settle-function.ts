import { functionSettings, nowMs, placeInList } from "@lovage/client-postgres";

/**
 * Deletes what the broker has, and postpones what it refused, for longer each time, until it has failed; of these rows those that are still as they were taken. Both lists are given
 * in the order of their ids. Gives how many have failed.
 */
export function settleFunction(schema: string): string {
  const refused = placeInList("o.id", "p_refused");
  return `CREATE FUNCTION ${schema}.outbox_settle_5(p_accepted bigint[], p_accepted_since bigint[], p_refused bigint[], p_refused_since bigint[], p_errors text[], p_max_attempts integer)
  RETURNS bigint ${functionSettings} SET plan_cache_mode = force_generic_plan AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
    failed bigint := 0;
  BEGIN
    DELETE FROM ${schema}.outbox o WHERE o.id = ANY(p_accepted) AND o.at = p_accepted_since[${placeInList("o.id", "p_accepted")}];
    IF cardinality(p_refused) > 0 THEN
      WITH changed AS (
        UPDATE ${schema}.outbox o
          SET attempts = o.attempts + 1, error = p_errors[${refused}],
              state = CASE WHEN o.attempts + 1 >= p_max_attempts THEN 2 ELSE 1 END,
              at = now_ms + CASE WHEN o.attempts + 1 >= p_max_attempts THEN 0 ELSE least(600000, 1000 * 2 ^ least(o.attempts, 20))::bigint END
          WHERE o.id = ANY(p_refused) AND o.at = p_refused_since[${refused}] AND o.state = 0
          RETURNING o.state
      ) SELECT count(*) FILTER (WHERE state = 2) FROM changed INTO failed;
    END IF;
    RETURN failed;
  END $lovage$`;
}
