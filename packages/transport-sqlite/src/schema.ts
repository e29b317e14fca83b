import type { SchemaComponent } from "@lovage/client-sqlite";

/**
 * The tables of the transport. Numbers of states are those of `messageState`. Both indexes are partial, so that a message is in one of them and the cost of
 * every operation depends on no message that it does not touch, but for a logarithm. Queries on `held` repeat its condition (`state > 2`): SQLite
 * does not conclude it from an equality.
 *
 * Within a flow the order is that of `place` (when a message was published, or when its delay ended) and then of `id`. A lease does not change it, so
 * that what is released is at its old place again.
 */
export const transportSchema: SchemaComponent = {
  name: "transport",
  steps: [
    {
      version: 1,
      compatible: 1,
      statements: [
        `CREATE TABLE lovage_queues (
           id INTEGER PRIMARY KEY,
           name TEXT NOT NULL UNIQUE,
           fairness INTEGER NOT NULL DEFAULT 1,
           priorities INTEGER NOT NULL DEFAULT 1,
           retention_ms INTEGER NOT NULL DEFAULT 1209600000
         )`,
        `CREATE TABLE lovage_messages (
           id INTEGER PRIMARY KEY,
           queue INTEGER NOT NULL,
           state INTEGER NOT NULL,
           urgency INTEGER NOT NULL,
           key TEXT NOT NULL,
           place INTEGER NOT NULL,
           at INTEGER NOT NULL,
           fence INTEGER NOT NULL,
           losses INTEGER NOT NULL DEFAULT 0,
           suspect INTEGER NOT NULL DEFAULT 0,
           redelivered INTEGER NOT NULL DEFAULT 0,
           frame BLOB NOT NULL
         )`,
        "CREATE INDEX lovage_messages_ready ON lovage_messages (queue, urgency, key, place) WHERE state = 2",
        "CREATE INDEX lovage_messages_held ON lovage_messages (queue, state, at) WHERE state > 2",
        "CREATE TABLE lovage_exchanges (name TEXT PRIMARY KEY, type TEXT NOT NULL) WITHOUT ROWID",
        `CREATE TABLE lovage_bindings (
           exchange TEXT NOT NULL,
           queue TEXT NOT NULL,
           routing_key TEXT NOT NULL,
           PRIMARY KEY (exchange, queue, routing_key)
         ) WITHOUT ROWID`,
        `CREATE TABLE lovage_broadcasts (
           id INTEGER PRIMARY KEY AUTOINCREMENT,
           channel TEXT NOT NULL,
           at INTEGER NOT NULL,
           frame BLOB NOT NULL
         )`,
      ],
    },
  ],
};
