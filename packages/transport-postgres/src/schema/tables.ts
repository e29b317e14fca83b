/**
 * The tables of the transport, in a schema whose name comes quoted. Numbers of states are those of `messageState`. Both indexes are partial, so that a message is in
 * one of them and the cost of every operation depends on no message that it does not touch, but for a logarithm.
 *
 * Within a flow the order is that of `place` (when a message was published, or when its delay ended, by the server's clock) and then of `id`. A lease does
 * not change it, so that what is released is at its old place again. A claim waits for the disk as your
 * synchronous_commit says: one that is lost in a crash of the server would be a second run while the first goes on. Where it does not wait, a fence is at least
 * the microsecond of its claim, so that one that was lost is never given again.
 */
export function tables(schema: string): readonly string[] {
  return [
    `CREATE TABLE ${schema}.queues (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       name text COLLATE "C" NOT NULL UNIQUE,
       fairness boolean NOT NULL DEFAULT true,
       priorities boolean NOT NULL DEFAULT true,
       retention_ms bigint NOT NULL DEFAULT 1209600000,
       deleted boolean NOT NULL DEFAULT false
     )`,
    // Every delivery leaves a dead row behind: vacuum early, and leave room on a page for the row's next version.
    `CREATE TABLE ${schema}.messages (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       place bigint NOT NULL,
       at bigint NOT NULL,
       fence bigint NOT NULL DEFAULT 0,
       queue integer NOT NULL,
       state smallint NOT NULL,
       urgency smallint NOT NULL,
       losses smallint NOT NULL DEFAULT 0,
       suspect boolean NOT NULL DEFAULT false,
       redelivered boolean NOT NULL DEFAULT false,
       key text COLLATE "C" NOT NULL,
       frame bytea NOT NULL
     ) WITH (
       fillfactor = 70,
       autovacuum_vacuum_scale_factor = 0.01,
       autovacuum_vacuum_threshold = 2000,
       autovacuum_vacuum_insert_scale_factor = 0.1,
       autovacuum_analyze_scale_factor = 0.05,
       autovacuum_vacuum_cost_delay = 1
     )`,
    // To compress what lives for seconds is not worth the time.
    `ALTER TABLE ${schema}.messages ALTER COLUMN frame SET STORAGE EXTERNAL`,
    `CREATE INDEX messages_ready ON ${schema}.messages (queue, urgency, key, place, id) WHERE state = 0`,
    `CREATE INDEX messages_held ON ${schema}.messages (queue, state, at, id) WHERE state > 0`,
    `CREATE TABLE ${schema}.exchanges (name text COLLATE "C" PRIMARY KEY, type text NOT NULL)`,
    `CREATE TABLE ${schema}.bindings (
       exchange text COLLATE "C" NOT NULL,
       queue text COLLATE "C" NOT NULL,
       routing_key text COLLATE "C" NOT NULL,
       PRIMARY KEY (exchange, queue, routing_key)
     )`,
    // Broadcasts too large for a notification; read within moments, then dropped.
    `CREATE UNLOGGED TABLE ${schema}.broadcasts (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       at timestamptz NOT NULL DEFAULT clock_timestamp(),
       frame bytea NOT NULL
     )`,
  ];
}
