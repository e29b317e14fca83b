import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { defineStatement, PostgresClient, postgresTarget } from "@lovage/client-postgres";
import { silentLog, systemClock } from "@lovage/foundation";
import { Client, Pool } from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";
import { openClient } from "./open-client.ts";

const ours = "application_name = 'client-test'";

/** Another address of a server. */
async function proxied(url: string): Promise<string> {
  const { port, hostname } = new URL(url);
  const proxy = createServer((socket) => {
    const onward = connect(Number(port), hostname);
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const)
      one.on("error", () => other.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  const here = new URL(url);
  here.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return here.href;
}

async function openAt(url: string): Promise<PostgresClient> {
  const target = postgresTarget(url, {});
  const opening = { target, clock: systemClock, log: silentLog, name: "client-test", onLost: () => {} };
  const client = await PostgresClient.open(opening);
  onTestFinished(() => client.close());
  return client;
}

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  /** A client whose connection for notifications has just been ended. */
  async function bereft(): Promise<PostgresClient> {
    const lost = Promise.withResolvers<void>();
    const client = await PostgresClient.open({
      target: postgresTarget(server().url, {}),
      clock: systemClock,
      log: silentLog,
      name: "client-test",
      onLost: () => lost.resolve(),
    });
    onTestFinished(() => client.close());
    await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ours}`);
    await lost.promise;
    return client;
  }

  /** A client that works with a pool of the user's. */
  async function pooled(max: number): Promise<PostgresClient> {
    const pool = new Pool({ connectionString: server().url, max, application_name: "client-test" });
    pool.on("error", () => {});
    onTestFinished(() => pool.end());
    const target = postgresTarget(server().url, { pool });
    const client = await PostgresClient.open({
      target,
      clock: systemClock,
      log: silentLog,
      name: "client-test",
      onLost: () => {},
    });
    onTestFinished(() => client.close());
    return client;
  }

  async function ask(sql: string): Promise<unknown> {
    return (await askServer(server().url, (client) => client.query(sql))).rows[0];
  }

  test("a transaction on the same database is known as such also while the connection for notifications is away", async () => {
    const client = await bereft();
    const caller = await openClient(server().url);
    expect(client.isSameDatabase(caller)).toBe(true);
    const elsewhere = new URL(server().url);
    elsewhere.pathname = "/elsewhere";
    expect(client.isSameDatabase(new Client(elsewhere.href))).toBe(false);
  });

  test("a connection that a client at another address has lent is known to be on the same database, and on no other", async () => {
    const { url } = server();
    const client = await openAt(url);
    const behind = await openAt(await proxied(url));
    await ask("CREATE DATABASE elsewhere");
    const elsewhere = new URL(url);
    elsewhere.pathname = "/elsewhere";
    const foreign = await openAt(elsewhere.href);
    const isSame = (lender: PostgresClient): Promise<boolean> =>
      lender.transactOnce(async (_session, lent) => client.isSameDatabase(lent));
    expect(await isSame(behind)).toBe(true);
    expect(await isSame(foreign)).toBe(false);
  });

  test("two who call it back at the same moment get one connection", async () => {
    const client = await bereft();
    await Promise.all([client.revive(), client.revive()]);
    expect(await ask(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE ${ours}`)).toEqual({ n: 1 });
  });

  test("who could not listen and tries again hears everything once", async () => {
    const client = await bereft();
    const heard: string[] = [];
    const ended = Promise.withResolvers<void>();
    const listen = (): Promise<unknown> =>
      client.listen("news", (payload) => (payload === "end" ? ended.resolve() : heard.push(payload)));
    await expect(listen()).rejects.toMatchObject({ kind: "unavailable" });
    await client.revive();
    await listen();
    await ask("SELECT pg_notify('news', 'a'), pg_notify('news', 'end')");
    await ended.promise;
    expect(heard).toEqual(["a"]);
  });

  test("a session of the user's pool that is ended under a statement costs that statement alone", async () => {
    const client = await pooled(3);
    const outcome = client.query(defineStatement("SELECT pg_sleep(60)")).catch((error: unknown) => error);
    const end = `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE ${ours} AND query LIKE '%pg_sleep(60)' AND state = 'active'`;
    await vi.waitUntil(async () => (await ask(end)) !== undefined, { timeout: 20_000 });
    expect(await outcome).toMatchObject({ kind: "broken" });
    await expect(client.query(defineStatement("SELECT 1"))).resolves.toEqual([["1"]]);
  });

  test("the end does not wait for work of the user's that is in a transaction", async () => {
    const client = await bereft();
    const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const outcome = client
      .transactOnce(() => {
        begun.resolve();
        return over.promise;
      })
      .catch((error: unknown) => error);
    await begun.promise;
    await client.close();
    await expect.poll(() => ask(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE ${ours}`)).toEqual({ n: 0 });
    over.resolve();
    expect(await outcome).toMatchObject({ code: "POSTGRES_FAILED" });
  });

  test("a server that comes back as a standby is not taken, and taken once it is the primary", async () => {
    const client = await bereft();
    await client.revive();
    await client.query(defineStatement("CREATE TABLE news (id int)"));
    await ask("COPY (SELECT 1) TO PROGRAM 'touch standby.signal'");
    await server().restart();
    await expect(client.revive()).rejects.toThrow("is a standby");
    const insert = defineStatement("INSERT INTO news VALUES (1)");
    await expect(client.query(insert)).rejects.toThrow("is a standby");
    await expect(client.transactOnce((session) => session.query(insert))).rejects.toThrow("is a standby");
    await ask("SELECT pg_promote()");
    await client.revive();
    await client.query(insert);
    await client.transactOnce((session) => session.query(insert));
    expect(await ask("SELECT count(*)::int AS n FROM news")).toEqual({ n: 2 });
  });
});
