import { virtualClock } from "@lovage/foundation";
import { postgresTransport } from "@lovage/transport-postgres";
import type { Client } from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import type { PostgresStore } from "../../../packages/transport-postgres/src/store.ts";
import { openClient } from "../../postgres/open-client.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { heardWakeUps } from "./heard-wake-ups.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

const request = { queue: "q", max: 1_000, leaseMs: 30_000, suspects: false };
const component = "transport";

/** Publishes each batch in a transaction of its own. */
async function enqueue(store: PostgresStore, client: Client, batches: readonly (readonly string[])[]): Promise<void> {
  for (const ids of batches) {
    await client.query("BEGIN");
    await store.publish(
      ids.map((id) => message(id)),
      client,
    );
    await client.query("COMMIT");
  }
}

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("a transaction of the user's notifies nobody while nobody sleeps, and who sleeps is told by its commit", async () => {
    const { url } = server();
    let woken = 0;
    const store = await openedStore({
      url,
      schema: "quiet",
      events: { wake: (queue) => (woken += Number(queue === "q")) },
    });
    const client = await openClient(url);
    const notified = await heardWakeUps(url, { schema: "quiet", component });
    await enqueue(store, client, [["a"], ["b", "c"], ["d"], ["e", "f"]]);
    expect(await notified()).toEqual([]);
    expect((await store.claim(request)).messages).toHaveLength(6);
    expect((await store.claim(request)).messages).toEqual([]);
    for (const ids of [["g"], ["h", "i"]]) {
      const before = woken;
      await enqueue(store, client, [ids]);
      expect(await notified()).toEqual(["q"]);
      await vi.waitUntil(() => woken > before, { timeout: 20_000 });
    }
    // A lock of the session would outlast the user's transaction.
    const locks = "SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    expect((await client.query(locks)).rows).toEqual([{ count: 0 }]);
  });

  test("of many transactions one after the other few notify, and all their messages are told of", async () => {
    const { url } = server();
    let woken = 0;
    const sleeper = await openedStore({
      url,
      schema: "many",
      events: { wake: (queue) => (woken += Number(queue === "q")) },
    });
    expect((await sleeper.claim(request)).messages).toEqual([]);
    const clock = virtualClock();
    const publisher = await openedStore({ url, schema: "many", clock });
    const client = await openClient(url);
    const notified = await heardWakeUps(url, { schema: "many", component });
    await enqueue(
      publisher,
      client,
      Array.from({ length: 200 }, (_, index) => [`m${index}`]),
    );
    // Their time stands still.
    expect(await notified()).toHaveLength(8);
    await vi.waitUntil(() => woken === 8, { timeout: 20_000 });
    await clock.advance(5);
    await vi.waitUntil(() => woken === 9, { timeout: 20_000 });
    expect((await sleeper.claim(request)).messages).toHaveLength(200);
  });

  test("who falls asleep between the call and the commit finds the message by itself", async () => {
    const { url } = server();
    const schema = "between";
    const connection = await postgresTransport({ url, schema, name: schema });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "q" }] });
    const notified = await heardWakeUps(url, { schema, component });
    const client = await openClient(url);
    await client.query("BEGIN");
    await connection.publish([message("a")], { transaction: client });
    const delivered = Promise.withResolvers<void>();
    await connection.consume({
      queue: "q",
      prefetch: 1,
      onDelivery: (delivery) => void delivery.ack().then(delivered.resolve, delivered.reject),
    });
    const asleep =
      "SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND mode = 'ShareLock' AND application_name = 'lovage:between'";
    const beside = await openClient(url);
    await vi.waitUntil(async () => (await beside.query(asleep)).rowCount === 1, { timeout: 20_000 });
    await client.query("COMMIT");
    await delivered.promise;
    expect(await notified()).toEqual([]);
  });
});
