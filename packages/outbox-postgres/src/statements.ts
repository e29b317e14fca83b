import { defineStatement, nowMs, quoteIdentifier, type PostgresStatement } from "@lovage/client-postgres";

/** What is said to the server. */
export interface OutboxStatements {
  /** In a transaction of the caller's, which may be on any database. */
  readonly enqueue: PostgresStatement;
  readonly enqueueHere: PostgresStatement;
  readonly take: PostgresStatement;
  readonly renew: PostgresStatement;
  readonly resign: PostgresStatement;
  readonly settle: PostgresStatement;
  readonly sweep: PostgresStatement;
  readonly recordTopologies: PostgresStatement;
  readonly readTopologies: PostgresStatement;
  readonly receive: PostgresStatement;
  readonly finish: PostgresStatement;
  readonly stats: PostgresStatement;
  readonly failed: PostgresStatement;
  readonly retry: PostgresStatement;
  readonly drop: PostgresStatement;
}

const enqueue = "SELECT @outbox_enqueue_4($1::text[], $2::int[], $3::int[], $4::bytea, $5::bigint[], $6::bigint[])";
const selected = "state = 2 AND ($1::bigint[] IS NULL OR id = ANY($1::bigint[]))";

/** The statements for one schema. */
export function outboxStatements(schemaName: string): OutboxStatements {
  const schema = quoteIdentifier(schemaName);
  const define = (text: string): PostgresStatement => defineStatement(text.replaceAll("@", `${schema}.`));
  return {
    enqueue: define(`${enqueue} FROM @outbox_require_place_3($7::text)`),
    enqueueHere: define(enqueue),
    take: define("SELECT * FROM @outbox_take_2($1, $2::bigint, $3::int, $4::bigint)"),
    renew: define(`UPDATE @outbox_leader SET until = ${nowMs} + $2::bigint WHERE holder = $1`),
    resign: define("SELECT @outbox_resign_1($1)"),
    settle: define(
      "SELECT @outbox_settle_5($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::int)",
    ),
    sweep: define("SELECT @outbox_sweep_1($1::bigint, $2::bigint, $3::int)"),
    recordTopologies: define(
      `INSERT INTO @outbox_topologies AS t (destination, topology) SELECT * FROM unnest($1::text[], $2::text[]) ORDER BY 1
         ON CONFLICT (destination) DO UPDATE SET topology = excluded.topology WHERE t.topology <> excluded.topology`,
    ),
    readTopologies: define("SELECT destination, topology FROM @outbox_topologies WHERE destination = ANY($1::text[])"),
    receive: define("SELECT * FROM @inbox_receive_1($1::text[], $2::text[], $3::text[])"),
    finish: define("SELECT @inbox_finish_1($1, $2, $3)"),
    stats: define(
      `SELECT w.count, w.oldest, h.postponed, h.failed FROM
         (SELECT count(*) AS count, greatest(0, ${nowMs} - min(at)) AS oldest FROM @outbox WHERE state = 0) w,
         (SELECT count(*) FILTER (WHERE state = 1) AS postponed, count(*) FILTER (WHERE state = 2) AS failed FROM @outbox WHERE state > 0) h`,
    ),
    failed: define(
      "SELECT id, at, attempts, destination, error, frame FROM @outbox WHERE state = 2 ORDER BY at, id LIMIT $1::int",
    ),
    retry: define(
      `WITH u AS (UPDATE @outbox SET state = 0, attempts = 0, at = ${nowMs} WHERE ${selected} RETURNING 1) SELECT count(*) FROM u`,
    ),
    drop: define(`WITH d AS (DELETE FROM @outbox WHERE ${selected} RETURNING 1) SELECT count(*) FROM d`),
  };
}
