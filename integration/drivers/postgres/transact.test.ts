import type { PoolClient } from "pg";
import { expect, test } from "vitest";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("work whose connection ends has met a database that is away, and what fails by itself is told as it is", async () => {
    const store = await openedStore({ url: server().url });
    await store.publish([message("a")]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 60_000, suspects: false });
    const settlement = { kind: "ack" as const, lease: messages[0]!.lease };
    const transact = (sql: string): Promise<unknown> =>
      store.transact("q", async (transaction) => {
        const { rows } = await (transaction as PoolClient).query(sql);
        return { value: rows, settlement };
      });
    const ended = transact("SELECT pg_terminate_backend(pg_backend_pid())");
    await expect(ended).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE", retryable: true });
    await expect(transact("SELECT 1 / 0")).rejects.toMatchObject({ code: "22012" });
    expect(await transact("SELECT 1 AS one")).toEqual({ value: [{ one: 1 }] });
  });
});
