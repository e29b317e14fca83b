import { drizzle } from "drizzle-orm/node-postgres";
import { sql } from "drizzle-orm";
import knex, { type Knex } from "knex";
import { CompiledQuery, Kysely, PostgresDialect } from "kysely";
import { postgresTransport } from "@lovage/transport-postgres";
import { createApp, type App, type Task } from "lovage";
import { Pool, type PoolClient } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";
import { openClient } from "./open-client.ts";

class Rollback extends Error {}

/** As docs/postgres.md has it. */
function ofKnex(tx: Knex.Transaction): { query: (text: string, values: unknown[]) => Knex.Raw } {
  return { query: (text, values) => tx.raw(text.replace(/\$\d+/gu, "?"), values as Knex.Value[]) };
}

/** How many calls wait, as another program sees it. */
async function waiting(app: App): Promise<number> {
  return (await app.queue("default").stats()).ready;
}

async function readPlaces(client: PoolClient): Promise<void> {
  await client.query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
  await client.query("SELECT sum(free) FROM places");
}

async function inTransaction(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await work(client);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  function openApp(): { app: App; confirm: Task<(id: number) => void> } {
    const schema = `enqueue-${Math.random().toString(36).slice(2, 8)}`;
    const app = createApp({ name: "enqueue", broker: `${server().url}?schema=${schema}`, from: import.meta.filename });
    onTestFinished(() => app.close());
    const confirm = app.task("confirm", (_id: number): void => {});
    return { app, confirm };
  }

  function openPool(): Pool {
    const pool = new Pool({ connectionString: server().url, max: 3 });
    onTestFinished(() => pool.end());
    return pool;
  }

  test("pg: a call is there when its transaction has committed, not before, and not at all when it was rolled back", async () => {
    const { app, confirm } = openApp();
    const pool = openPool();
    await inTransaction(pool, async (client) => {
      await confirm.applyAsync([1], { transaction: client });
      await confirm.applyMany([[2], [3]], { transaction: client });
      expect(await waiting(app)).toBe(0);
    });
    expect(await waiting(app)).toBe(3);
    const rolledBack = inTransaction(pool, async (client) => {
      await confirm.applyAsync([4], { transaction: client });
      throw new Rollback();
    });
    await expect(rolledBack).rejects.toThrow(Rollback);
    expect(await waiting(app)).toBe(3);
  });

  test("Drizzle: through its own transaction", async () => {
    const { app, confirm } = openApp();
    const database = drizzle(openPool());
    /** As docs/postgres.md has it. */
    type Transaction = Parameters<Parameters<typeof database.transaction>[0]>[0];
    const ofDrizzle = (tx: Transaction) => ({
      query: (text: string, values: unknown[]) => {
        const parts = text.split(/\$\d+/u).map((part) => sql.raw(part));
        const holes = [...text.matchAll(/\$(\d+)/gu)].map(([, number]) => sql.param(values[Number(number) - 1]));
        return tx.execute(
          sql.join(parts.flatMap((part, index) => (index < holes.length ? [part, holes[index]!] : [part]))),
        );
      },
    });
    await database.transaction(async (tx) => {
      await confirm.applyAsync([1], { transaction: ofDrizzle(tx) });
      expect(await waiting(app)).toBe(0);
    });
    expect(await waiting(app)).toBe(1);
    const rolledBack = database.transaction(async (tx) => {
      await confirm.applyAsync([2], { transaction: ofDrizzle(tx) });
      throw new Rollback();
    });
    await expect(rolledBack).rejects.toThrow(Rollback);
    expect(await waiting(app)).toBe(1);
  });

  test("Kysely: through its own transaction", async () => {
    const { app, confirm } = openApp();
    const database = new Kysely<object>({ dialect: new PostgresDialect({ pool: openPool() }) });
    await database.transaction().execute(async (tx) => {
      /** As docs/postgres.md has it. */
      const transaction = {
        query: (text: string, values: unknown[]) => tx.executeQuery(CompiledQuery.raw(text, values)),
      };
      await confirm.applyAsync([1], { transaction });
      expect(await waiting(app)).toBe(0);
    });
    expect(await waiting(app)).toBe(1);
  });

  test("Knex: through its own transaction", async () => {
    const { app, confirm } = openApp();
    const database = knex({ client: "pg", connection: server().url, pool: { min: 0, max: 2 } });
    onTestFinished(() => database.destroy());
    await database.transaction(async (tx) => {
      await confirm.applyAsync([1], { transaction: ofKnex(tx) });
      await confirm.applyMany([[2], [3]], { transaction: ofKnex(tx) });
      expect(await waiting(app)).toBe(0);
    });
    expect(await waiting(app)).toBe(3);
    const rolledBack = database.transaction(async (tx) => {
      await confirm.applyAsync([4], { transaction: ofKnex(tx) });
      throw new Rollback();
    });
    await expect(rolledBack).rejects.toThrow(Rollback);
    expect(await waiting(app)).toBe(3);
  });

  test("a pool, a client without a transaction and one whose transaction has failed are refused, and nothing is sent", async () => {
    const { app, confirm } = openApp();
    const client = await openClient(server().url);
    const refusal = { code: "TRANSACTION_UNSUPPORTED" };
    await expect(confirm.applyAsync([1], { transaction: openPool() })).rejects.toMatchObject(refusal);
    await expect(confirm.applyAsync([1], { transaction: client })).rejects.toMatchObject(refusal);
    await client.query("BEGIN");
    await client.query("SELECT 1 / 0").catch(() => {});
    await expect(confirm.applyAsync([1], { transaction: client })).rejects.toMatchObject(refusal);
    await client.query("ROLLBACK");
    expect(await waiting(app)).toBe(0);
  });

  test("a call that meets a conflict throws the server's own error, so that who repeats transactions recognises it", async () => {
    const { app, confirm } = openApp();
    const pool = openPool();
    await pool.query("CREATE TABLE places AS SELECT id, 1 AS free FROM generate_series(1, 2) id");
    const conflicting = inTransaction(pool, async (client) => {
      await readPlaces(client);
      // Each has read what the other one writes.
      await inTransaction(pool, async (other) => {
        await readPlaces(other);
        await other.query("UPDATE places SET free = 0 WHERE id = 1");
        await client.query("UPDATE places SET free = 0 WHERE id = 2");
      });
      await confirm.applyAsync([1], { transaction: client });
    });
    await expect(conflicting).rejects.toMatchObject({ code: "40001", severity: "ERROR" });
    await inTransaction(pool, async (client) => {
      await readPlaces(client);
      await confirm.applyAsync([1], { transaction: client });
    });
    expect(await waiting(app)).toBe(1);
  });

  test("a transaction on another database is refused and nothing is written, with tables of the same schema there or none", async () => {
    const there = await openClient(server().url);
    const schema = `enqueue-elsewhere-${process.pid}`;
    for (const name of ["copied", "bare"]) await there.query(`CREATE DATABASE ${name}`);
    const place = (database: string): string => server().url.replace(/\/[^/]*$/u, `/${database}`);
    const other = createApp({
      name: "other",
      broker: `${place("copied")}?schema=${schema}`,
      from: import.meta.filename,
    });
    onTestFinished(() => other.close());
    const sendOther = other.task("confirm", (_id: number): void => {});
    await sendOther.applyAsync([0]);
    const mine = createApp({ name: "mine", broker: `${server().url}?schema=${schema}`, from: import.meta.filename });
    onTestFinished(() => mine.close());
    const send = mine.task("confirm", (_id: number): void => {});
    const refusal = { code: "TRANSACTION_UNSUPPORTED", retryable: false };
    for (const name of ["copied", "bare"]) {
      const client = await openClient(place(name));
      const ofLibrary = { query: (text: string, values: unknown[]) => client.query(text, values) };
      for (const transaction of [client, ofLibrary]) {
        await client.query("BEGIN");
        await expect(send.applyAsync([1], { transaction })).rejects.toMatchObject(refusal);
        await client.query("ROLLBACK");
        await client.query("BEGIN");
        await expect(send.applyMany([[1], [2]], { transaction })).rejects.toMatchObject(refusal);
        await client.query("ROLLBACK");
      }
    }
    expect(await waiting(other)).toBe(1);
    await inTransaction(openPool(), async (client) => void (await send.applyAsync([1], { transaction: client })));
    expect(await waiting(mine)).toBe(1);
  });

  test("a copy of the database is another one", async () => {
    const { url } = server();
    const original = await openClient(url);
    await original.query("CREATE DATABASE original");
    const place = (database: string): string => url.replace(/\/[^/]*$/u, `/${database}`);
    const made = await postgresTransport({ url: place("original") });
    await made.close();
    await original.query("CREATE DATABASE twin TEMPLATE original");
    const nameOf = async (database: string): Promise<unknown> => {
      const { rows } = await askServer(place(database), (client) => client.query("SELECT lovage.place_5() AS name"));
      return (rows[0] as { readonly name: string }).name;
    };
    expect(await nameOf("original")).not.toBe(await nameOf("twin"));
  });
});
