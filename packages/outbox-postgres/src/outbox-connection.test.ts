import { CheckedSchema, SchemaPlace, type PostgresClient } from "@lovage/client-postgres";
import { silentLog, virtualClock, type StoreSchema } from "@lovage/foundation";
import type { Capabilities, Connection, OutgoingMessage } from "@lovage/transport";
import { describe, expect, test } from "vitest";

import { OutboxedConnection } from "./outbox-connection.ts";
import { placeFunctions } from "./schema/outbox-schema.ts";
import { outboxStatements } from "./statements.ts";

/** An outbox before a connection. */
function before(inner: Partial<Connection>): OutboxedConnection {
  const client = { where: "the database", schema: "s", query: async () => [] } as unknown as PostgresClient;
  const tables = new CheckedSchema({ component: { name: "outbox", steps: [] }, migrates: false });
  const place = new SchemaPlace(() => client, "s", placeFunctions);
  const database = { client, tables, place, statements: outboxStatements("s"), clock: virtualClock(), log: silentLog };
  return new OutboxedConnection({ inner: inner as Connection, database, schema: {} as StoreSchema });
}

test("the broker's clock is told where the broker tells it", async () => {
  const inner = { atMs: 7, serverTimeMs: async (): Promise<number> => inner.atMs };
  expect(await before(inner).serverTimeMs?.()).toBe(7);
  expect(before({}).serverTimeMs).toBeUndefined();
});

test("that the broker puts off settlements is told where it is known", () => {
  expect([before({ isRepeating: true }).isRepeating, before({}).isRepeating]).toEqual([true, false]);
});

test("a conflict in the transaction is the server's own error", async () => {
  const error = Object.assign(new Error("deadlock detected"), { code: "40P01" });
  const transaction = { getTransactionStatus: () => "T", query: () => Promise.reject(error) };
  const outbox = await openBound("app");
  await expect(outbox.publish([call("a.b")], { transaction })).rejects.toBe(error);
});

describe("calls to an exchange", () => {
  test("are written for the queues that are bound now, where nobody else knows the bindings", async () => {
    const outbox = await openBound("app");
    expect(await send(outbox, "a.b")).toEqual(["one"]);
    await outbox.declare({ bindings: [{ exchange: "x", queue: "two", routingKey: "#" }] });
    expect(await send(outbox, "a.b")).toEqual(["one", "two"]);
  });

  test("are refused where nothing is bound", async () => {
    await expect(send(await openBound("app"), "b.c")).rejects.toMatchObject({ code: "MESSAGE_UNROUTABLE" });
  });

  test("are left to a broker that keeps the bindings", async () => {
    expect(await send(await openBound("stored"), "a.b")).toEqual([["x", "a.b"]]);
  });
});

/** With an exchange to which a queue is bound, and another queue. */
async function openBound(exchanges: Capabilities["exchanges"]): Promise<OutboxedConnection> {
  const capabilities = { exchanges, maxMessageBytes: 1_000, priorities: false } as unknown as Capabilities;
  const outbox = before({ capabilities, capabilitiesOf: () => capabilities, declare: async () => {} });
  await outbox.declare({
    queues: [{ name: "one" }, { name: "two" }],
    exchanges: [{ name: "x", type: "topic" }],
    bindings: [{ exchange: "x", queue: "one", routingKey: "a.*" }],
  });
  return outbox;
}

/** Publishes in a transaction; gives where to. */
async function send(outbox: OutboxedConnection, routingKey: string): Promise<readonly unknown[]> {
  const written: unknown[] = [];
  const query = async (_: string, [destinations]: readonly unknown[]): Promise<void> =>
    void written.push(...(destinations as string[]).map((each) => JSON.parse(each) as unknown));
  await outbox.publish([call(routingKey)], { transaction: { query } });
  return written;
}

function call(routingKey: string): OutgoingMessage {
  return {
    to: { exchange: "x", routingKey },
    headers: {},
    properties: { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" },
    body: new Uint8Array(1),
  };
}
