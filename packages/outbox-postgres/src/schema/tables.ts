/**
 * The tables, in a schema whose name comes quoted. A row of `outbox` is a message on its way to the broker:
 *
 * | state | value | `at` | left |
 * |---|---|---|---|
 * | waiting | 0 | since when | the broker has accepted it: the row is deleted; the broker refuses it |
 * | postponed | 1 | when it is tried again | that time has come |
 * | failed | 2 | since when | `retry`, `drop`, the end of its retention |
 *
 * All instants are Unix milliseconds by the server's clock. `due` and `not_before` are the two ways in which a message says that it must not be delivered earlier.
 */
export function tables(schema: string): readonly string[] {
  return [
    // Every row is inserted and deleted: vacuum early.
    `CREATE TABLE ${schema}.outbox (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       at bigint NOT NULL,
       due bigint,
       not_before bigint,
       state smallint NOT NULL DEFAULT 0,
       attempts smallint NOT NULL DEFAULT 0,
       destination text COLLATE "C" NOT NULL,
       error text,
       frame bytea NOT NULL
     ) WITH (
       autovacuum_vacuum_scale_factor = 0.01,
       autovacuum_vacuum_threshold = 2000,
       autovacuum_vacuum_insert_scale_factor = 0.1,
       autovacuum_vacuum_cost_delay = 1
     )`,
    // To compress what lives for seconds is not worth the time.
    `ALTER TABLE ${schema}.outbox ALTER COLUMN frame SET STORAGE EXTERNAL`,
    `CREATE INDEX outbox_waiting ON ${schema}.outbox (id) WHERE state = 0`,
    `CREATE INDEX outbox_held ON ${schema}.outbox (state, at, id) WHERE state > 0`,
    `CREATE TABLE ${schema}.outbox_topologies (destination text COLLATE "C" PRIMARY KEY, topology text NOT NULL)`,
    `CREATE TABLE ${schema}.outbox_leader (
       one boolean PRIMARY KEY DEFAULT true CHECK (one),
       holder text NOT NULL DEFAULT '',
       until bigint NOT NULL DEFAULT 0
     )`,
    `INSERT INTO ${schema}.outbox_leader DEFAULT VALUES`,
    `CREATE TABLE ${schema}.inbox (
       at bigint NOT NULL,
       done boolean NOT NULL DEFAULT false,
       queue text COLLATE "C" NOT NULL,
       id text COLLATE "C" NOT NULL,
       copy text COLLATE "C" NOT NULL,
       PRIMARY KEY (queue, id)
     ) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)`,
    `CREATE INDEX inbox_age ON ${schema}.inbox (at)`,
  ];
}
