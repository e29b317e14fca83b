import type { SchemaComponent } from "@lovage/client-sqlite";

/**
 * The backend's tables. Instants are Unix milliseconds. `change` counts every write of a result over all programs, and is the row's own key: a
 * changed record moves to the end, so that watchers read only what is new, and revocations are in their order, without an index of their own.
 */
export const backendTables: SchemaComponent = {
  name: "backend",
  steps: [
    {
      version: 1,
      compatible: 1,
      statements: [
        "CREATE TABLE lovage_backend_counter (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL)",
        // From the present time on, so that a new file in the place of another goes on behind its numbers: fences and cursors are kept elsewhere.
        "INSERT INTO lovage_backend_counter (id, value) VALUES (1, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000)",
        "CREATE TABLE lovage_result (change INTEGER PRIMARY KEY, task_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, attempt INTEGER, delivery INTEGER, expires_at INTEGER NOT NULL, document TEXT NOT NULL)",
        "CREATE INDEX lovage_result_expiry ON lovage_result (expires_at)",
        "CREATE INDEX lovage_result_revoked ON lovage_result (state) WHERE state = 'REVOKED'",
        "CREATE TABLE lovage_join (join_id TEXT PRIMARY KEY, size INTEGER NOT NULL, arrived INTEGER NOT NULL, completed_by TEXT, expires_in INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX lovage_join_expiry ON lovage_join (expires_at)",
        "CREATE TABLE lovage_join_member (join_id TEXT NOT NULL, member_id TEXT NOT NULL, place INTEGER NOT NULL, payload TEXT NOT NULL, UNIQUE (join_id, member_id))",
        "CREATE TABLE lovage_hold (name TEXT NOT NULL, holder TEXT NOT NULL, fence INTEGER NOT NULL, ends_at INTEGER NOT NULL, PRIMARY KEY (name, holder)) WITHOUT ROWID",
        "CREATE INDEX lovage_hold_end ON lovage_hold (ends_at)",
        "CREATE TABLE lovage_waiter (turn INTEGER PRIMARY KEY, name TEXT NOT NULL, holder TEXT NOT NULL, ends_at INTEGER NOT NULL, UNIQUE (name, holder))",
        "CREATE INDEX lovage_waiter_end ON lovage_waiter (ends_at)",
        "CREATE TABLE lovage_bucket (name TEXT PRIMARY KEY, booked_until REAL NOT NULL) WITHOUT ROWID",
        "CREATE INDEX lovage_bucket_end ON lovage_bucket (booked_until)",
        "CREATE TABLE lovage_key (key TEXT PRIMARY KEY, owner TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX lovage_key_expiry ON lovage_key (expires_at)",
        "CREATE TABLE lovage_schedule (schedule_id TEXT PRIMARY KEY, document TEXT NOT NULL, version INTEGER NOT NULL, last_run_at INTEGER, runs INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE lovage_schedule_run (schedule_id TEXT NOT NULL, instant INTEGER NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (schedule_id, instant)) WITHOUT ROWID",
        "CREATE INDEX lovage_schedule_run_expiry ON lovage_schedule_run (expires_at)",
      ],
    },
  ],
};
