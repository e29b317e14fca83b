import { functionSettings, nowMs } from "@lovage/client-postgres";

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
