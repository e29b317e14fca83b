import { announceUncommittedSql, functionSettings, notifySql, nowMs, type WakeScope } from "@lovage/client-postgres";

const parameters =
  "p_destinations text[], p_starts integer[], p_lengths integer[], p_frames bytea, p_in_ms bigint[], p_at_ms bigint[]";

/** For programs of a version before 4: tells the leader in any case. */
export function enqueueLoudly(schema: string, scope: WakeScope): string {
  return enqueue(`${schema}.outbox_enqueue_1`, schema, notifySql(scope, "'calls'"));
}

/**
 * As `outbox_enqueue_1`, and tells a leader that sleeps when it is called. One of a version before 4 does not say that it sleeps: it finds the call by a look of its own, within
 * 2 s.
 */
export function enqueueFunction(schema: string, scope: WakeScope): string {
  return enqueue(`${schema}.outbox_enqueue_4`, schema, announceUncommittedSql(scope, "'calls'"));
}

/** Runs in a transaction of the caller's, which may last: it takes no lock that others wait for. Frames come as one piece, since an array of them would have to be escaped. */
function enqueue(name: string, schema: string, tell: string): string {
  return `CREATE FUNCTION ${name}(${parameters})
  RETURNS void ${functionSettings} AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
  BEGIN
    INSERT INTO ${schema}.outbox (at, due, not_before, destination, frame)
      SELECT now_ms, now_ms + m.in_ms, m.at_ms, m.destination, substring(p_frames FROM m.start FOR m.length)
        FROM unnest(p_destinations, p_starts, p_lengths, p_in_ms, p_at_ms)
          WITH ORDINALITY AS m(destination, start, length, in_ms, at_ms, place)
        ORDER BY m.place;
    ${tell}
  END $lovage$`;
}
