import type { SqliteConnection } from "@lovage/client-sqlite";
import { requireExchangeType, type BindingStore } from "@lovage/lease-engine";
import type { Binding, ExchangeDeclaration, ExchangeType } from "@lovage/transport";

import { asTransport } from "./errors.ts";

/** Exchanges and bindings in tables, so that every program that opens the file routes alike. */
export function sqliteBindings(connection: () => SqliteConnection): BindingStore {
  return {
    bind: (exchanges, bindings) => asTransport(() => bind(connection(), exchanges, bindings)),
    read: (exchange) => asTransport(() => connection().read(() => read(connection(), exchange))),
  };
}

function bind(
  db: SqliteConnection,
  exchanges: readonly ExchangeDeclaration[],
  bindings: readonly Binding[],
): Promise<void> {
  return db.write(() => {
    for (const exchange of exchanges) {
      const { name, type } = exchange;
      db.statement("INSERT INTO lovage_exchanges (name, type) VALUES (?, ?) ON CONFLICT (name) DO NOTHING").run(
        name,
        type,
      );
      const found = db.statement("SELECT type FROM lovage_exchanges WHERE name = ?").get(name)?.["type"];
      requireExchangeType(exchange, String(found));
    }
    for (const { exchange, queue, routingKey = "" } of bindings) {
      db.statement("INSERT OR IGNORE INTO lovage_bindings (exchange, queue, routing_key) VALUES (?, ?, ?)").run(
        exchange,
        queue,
        routingKey,
      );
    }
  });
}

function read(db: SqliteConnection, name: string): Awaited<ReturnType<BindingStore["read"]>> {
  const found = db.statement("SELECT type FROM lovage_exchanges WHERE name = ?").get(name);
  if (found === undefined) return undefined;
  const rows = db.statement("SELECT queue, routing_key FROM lovage_bindings WHERE exchange = ?").all(name);
  return {
    exchange: { name, type: String(found["type"]) as ExchangeType },
    bindings: rows.map((row) => ({
      exchange: name,
      queue: String(row["queue"]),
      routingKey: String(row["routing_key"]),
    })),
  };
}
