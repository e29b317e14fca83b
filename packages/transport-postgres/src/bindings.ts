import { defineStatement, type PostgresSession } from "@lovage/client-postgres";
import { requireExchangeType, type BindingStore } from "@lovage/lease-engine";
import type { Binding, ExchangeDeclaration, ExchangeType } from "@lovage/transport";

import type { Database } from "./database.ts";
import { asTransport } from "./errors.ts";

/** Exchanges and bindings in tables, so that every program routes alike. */
export function postgresBindings({ client, statements: { schema } }: Database): BindingStore {
  return {
    bind: (exchanges, bindings) =>
      asTransport(() =>
        client().transaction(async (session) => {
          for (const exchange of exchanges) await declareExchange(session, schema, exchange);
          for (const binding of bindings) await bind(session, schema, binding);
        }),
      ),
    read: (exchange) => asTransport(() => read(client(), schema, exchange)),
  };
}

async function declareExchange(session: PostgresSession, schema: string, exchange: ExchangeDeclaration): Promise<void> {
  const { name, type } = exchange;
  const insert = `INSERT INTO ${schema}.exchanges (name, type) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`;
  await session.query(defineStatement(insert), [name, type]);
  const select = `SELECT type FROM ${schema}.exchanges WHERE name = $1`;
  const [[found] = []] = await session.query(defineStatement(select), [name]);
  requireExchangeType(exchange, String(found));
}

async function bind(session: PostgresSession, schema: string, binding: Binding): Promise<void> {
  const { exchange, queue, routingKey = "" } = binding;
  const insert = `INSERT INTO ${schema}.bindings (exchange, queue, routing_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;
  await session.query(defineStatement(insert), [exchange, queue, routingKey]);
}

async function read(
  session: PostgresSession,
  schema: string,
  name: string,
): Promise<Awaited<ReturnType<BindingStore["read"]>>> {
  const statement = defineStatement(
    `SELECT e.type, b.queue, b.routing_key FROM ${schema}.exchanges e LEFT JOIN ${schema}.bindings b ON b.exchange = e.name WHERE e.name = $1`,
  );
  const rows = await session.query(statement, [name], { repeatable: true });
  const type = rows[0]?.[0];
  if (typeof type !== "string") return undefined;
  return {
    exchange: { name, type: type as ExchangeType },
    bindings: rows.flatMap(([, queue = null, routingKey]) =>
      queue === null ? [] : [{ exchange: name, queue, routingKey: routingKey ?? "" }],
    ),
  };
}
