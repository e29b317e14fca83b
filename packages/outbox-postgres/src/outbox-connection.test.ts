import type { PostgresClient } from "@lovage/client-postgres";
import { silentLog, virtualClock, type SchemaPlan } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";
import { expect, test } from "vitest";

import { OutboxedConnection } from "./outbox-connection.ts";
import { outboxStatements } from "./statements.ts";

function before(inner: Partial<Connection>): OutboxedConnection {
  const database = {
    client: {} as PostgresClient,
    statements: outboxStatements("s"),
    clock: virtualClock(),
    log: silentLog,
  };
  const applied = async (): Promise<SchemaPlan> => ({ from: 1, to: 1, statements: [] });
  const schema = { plan: applied, apply: applied };
  return new OutboxedConnection({ inner: inner as Connection, database, schema });
}

test("the broker's clock is told where the broker tells it", async () => {
  const inner = { atMs: 7, serverTimeMs: async (): Promise<number> => inner.atMs };
  expect(await before(inner).serverTimeMs?.()).toBe(7);
  expect(before({}).serverTimeMs).toBeUndefined();
});
