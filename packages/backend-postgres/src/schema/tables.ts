import { quoteLiteral } from "@lovage/client-postgres";

const vacuum = "fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000";

/** The tables of the backend, in a schema whose name comes quoted. Instants are milliseconds of the server's clock. */
export function tables(schema: string): readonly string[] {
  return [...numbers(schema), ...resultTables(schema), ...coordinationTables(schema)];
}

/** They begin at the present time, in microseconds: where the tables are made anew they go on behind those that workers and holders of locks have seen. */
function numbers(schema: string): readonly string[] {
  const name = quoteLiteral(`${schema}.numbers`);
  return [
    `CREATE SEQUENCE ${schema}.numbers`,
    `SELECT setval(${name}, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)`,
  ];
}

function resultTables(schema: string): readonly string[] {
  return [
    `CREATE TABLE ${schema}.results (
       task_id text COLLATE "C" PRIMARY KEY,
       state text NOT NULL,
       attempt bigint,
       delivery bigint,
       expires_at bigint NOT NULL,
       revoked bigint,
       document text NOT NULL
     ) WITH (${vacuum})`,
    `CREATE INDEX results_expiry ON ${schema}.results (expires_at)`,
    `CREATE INDEX results_revoked ON ${schema}.results (revoked) WHERE revoked IS NOT NULL`,
    `CREATE TABLE ${schema}.joins (
       join_id text COLLATE "C" PRIMARY KEY,
       size integer NOT NULL,
       arrived integer NOT NULL DEFAULT 0,
       completed_by text,
       expires_in bigint NOT NULL,
       expires_at bigint NOT NULL
     ) WITH (${vacuum})`,
    `CREATE INDEX joins_expiry ON ${schema}.joins (expires_at)`,
    `CREATE TABLE ${schema}.join_members (
       join_id text COLLATE "C" NOT NULL REFERENCES ${schema}.joins ON DELETE CASCADE,
       member_id text COLLATE "C" NOT NULL,
       place integer NOT NULL,
       payload text NOT NULL,
       PRIMARY KEY (join_id, member_id)
     )`,
  ];
}

function coordinationTables(schema: string): readonly string[] {
  return [
    `CREATE TABLE ${schema}.holds (
       name text COLLATE "C" NOT NULL,
       holder text COLLATE "C" NOT NULL,
       fence bigint NOT NULL,
       ends_at bigint NOT NULL,
       PRIMARY KEY (name, holder)
     ) WITH (${vacuum})`,
    `CREATE INDEX holds_expiry ON ${schema}.holds (ends_at)`,
    `CREATE TABLE ${schema}.waiters (
       name text COLLATE "C" NOT NULL,
       holder text COLLATE "C" NOT NULL,
       turn bigint NOT NULL,
       ends_at bigint NOT NULL,
       PRIMARY KEY (name, holder)
     ) WITH (${vacuum})`,
    `CREATE INDEX waiters_expiry ON ${schema}.waiters (ends_at)`,
    `CREATE TABLE ${schema}.buckets (name text COLLATE "C" PRIMARY KEY, booked_until double precision NOT NULL) WITH (${vacuum})`,
    `CREATE INDEX buckets_expiry ON ${schema}.buckets (booked_until)`,
    `CREATE TABLE ${schema}.keys (
       key text COLLATE "C" PRIMARY KEY,
       owner text NOT NULL,
       expires_at bigint NOT NULL
     ) WITH (${vacuum})`,
    `CREATE INDEX keys_expiry ON ${schema}.keys (expires_at)`,
    `CREATE TABLE ${schema}.schedules (
       schedule_id text COLLATE "C" PRIMARY KEY,
       document text NOT NULL,
       version bigint NOT NULL,
       last_run_at bigint,
       runs bigint NOT NULL DEFAULT 0
     )`,
    `CREATE TABLE ${schema}.schedule_runs (
       schedule_id text COLLATE "C" NOT NULL,
       instant bigint NOT NULL,
       expires_at bigint NOT NULL,
       PRIMARY KEY (schedule_id, instant)
     )`,
    `CREATE INDEX schedule_runs_expiry ON ${schema}.schedule_runs (expires_at)`,
  ];
}

/** Of the tables, those that others need last. */
export const tableNames: readonly string[] = [
  "results",
  "join_members",
  "joins",
  "holds",
  "waiters",
  "buckets",
  "keys",
  "schedules",
  "schedule_runs",
];
