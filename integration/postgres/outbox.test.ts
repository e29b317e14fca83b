import { openOutbox } from "@lovage/outbox-postgres";
import { PublishUncertainError, TransportRejectedError, type Connection } from "@lovage/transport";
import { expect, onTestFinished, test, vi } from "vitest";
import { beginOn } from "../drivers/postgres/begin-on.ts";
import { heardWakeUps } from "../drivers/postgres/heard-wake-ups.ts";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";
import { collect, message, OutboxPlace, publishingBy } from "./outbox-place.ts";

const within = { timeout: 30_000, interval: 20 };

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("calls come in the order of their transactions, and leave nothing in the outbox", async () => {
    const place = new OutboxPlace(server().url);
    const outbox = await place.open();
    const ids = await collect(outbox);
    const expected = Array.from({ length: 300 }, (_, index) => `m${index}`);
    for (let sent = 0; sent < expected.length; sent += 30) {
      await place.enqueue(outbox, ...expected.slice(sent, sent + 30).map((id) => message(id)));
    }
    await vi.waitFor(() => expect(ids).toEqual(expected), within);
    await vi.waitUntil(async () => (await outbox.outbox.stats()).waiting === 0, within);
    expect(await outbox.outbox.stats()).toEqual({ waiting: 0, oldestWaitingMs: 0, postponed: 0, failed: 0 });
  });

  test("a transaction of the user's notifies nobody while no relay sleeps, and the one that does is told by its commit", async () => {
    const place = new OutboxPlace(server().url);
    const producer = await place.open({ relay: false });
    const notified = await heardWakeUps(server().url, { schema: place.schema, component: "outbox" });
    for (const id of ["a", "b", "c"]) await place.enqueue(producer, message(id));
    expect(await notified()).toEqual([]);
    const name = place.schema;
    const relay = await openOutbox({ broker: await place.openBroker(), url: server().url, schema: name, name });
    onTestFinished(() => relay.close());
    const ids = await collect(producer);
    const asleep = `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND mode = 'ShareLock' AND application_name = 'lovage:${name}:outbox'`;
    await vi.waitUntil(() => askServer(server().url, async (client) => (await client.query(asleep)).rowCount === 1), {
      timeout: 20_000,
    });
    await place.enqueue(producer, message("d"));
    expect(await notified()).toEqual(["calls"]);
    await vi.waitFor(() => expect(ids).toEqual(["a", "b", "c", "d"]), within);
  });

  test("a relay of another program publishes, to queues that it has never heard of", async () => {
    const place = new OutboxPlace(server().url);
    const producer = await place.open({ relay: false });
    await producer.declare({
      queues: [{ name: "other" }],
      exchanges: [{ name: "x", type: "topic" }],
      bindings: [{ exchange: "x", queue: "other", routingKey: "a.*" }],
    });
    await place.enqueue(
      producer,
      message("one", { to: "other" }),
      message("two", { to: { exchange: "x", routingKey: "a.b" } }),
    );
    const { waiting } = await producer.outbox.stats();
    expect(waiting).toBe(2);
    await openOutbox({ broker: await place.openBroker(), url: server().url, schema: place.schema }).then((relay) =>
      onTestFinished(() => relay.close()),
    );
    const ids = await collect(producer, "other");
    await vi.waitFor(() => expect(ids).toEqual(["one", "two"]), within);
  });

  test("a delay counts from the call, not from when it is relayed", async () => {
    const place = new OutboxPlace(server().url);
    const producer = await place.open({ relay: false });
    await place.enqueue(
      producer,
      message("later", { notBefore: { inMs: 600_000 } }),
      message("at", { notBefore: { atMs: 4e12 } }),
    );
    const calledAtMs = Date.now();
    await vi.waitUntil(async () => (await producer.outbox.stats()).oldestWaitingMs > 2_000, within);
    await openOutbox({ broker: await place.openBroker(), url: server().url, schema: place.schema }).then((relay) =>
      onTestFinished(() => relay.close()),
    );
    await vi.waitUntil(async () => (await producer.admin.inspect(["q"]))[0]?.delayed === 2, within);
    const { messages } = await producer.admin.browse("q", { state: "delayed" });
    const dueAtMs = messages.map((each) => each.dueAtMs ?? 0).toSorted((a, b) => a - b);
    // Less than it waited for the relay.
    expect(Math.abs((dueAtMs[0] ?? 0) - calledAtMs - 600_000)).toBeLessThan(1_500);
    // A broker that keeps time by a clock of its own rounds.
    expect(Math.abs((dueAtMs[1] ?? 0) - 4e12)).toBeLessThanOrEqual(1);
  });

  test("a broker that is away for a while gets everything afterwards, in order", async () => {
    const place = new OutboxPlace(server().url);
    let isAway = true;
    let refused = 0;
    const outbox = await place.open({}, (inner) =>
      publishingBy(inner, async (batch, options) => {
        if (isAway) {
          refused += 1;
          throw new PublishUncertainError("away");
        }
        await inner.publish(batch, options);
      }),
    );
    const ids = await collect(outbox);
    for (const id of ["a", "b", "c"]) await place.enqueue(outbox, message(id));
    await vi.waitUntil(() => refused >= 3, within);
    expect((await outbox.outbox.stats()).waiting).toBe(3);
    isAway = false;
    await vi.waitFor(() => expect(ids).toEqual(["a", "b", "c"]), within);
  });

  test("a call that the broker refuses is put aside and does not hold up others; it can be tried again or dropped", async () => {
    let isRefused = true;
    const place = new OutboxPlace(server().url);
    const outbox = await place.open({}, (inner) =>
      publishingBy(inner, async (batch, options) => {
        const isBad = batch.some(({ properties }) => properties.messageId.startsWith("bad"));
        if (isBad && isRefused) throw new TransportRejectedError("no such thing at postgres://u:secret@host/x");
        await inner.publish(batch, options);
      }),
    );
    const ids = await collect(outbox);
    await place.enqueue(outbox, message("a"), message("bad1"), message("bad2"), message("b"));
    await vi.waitFor(() => expect(ids).toEqual(["a", "b"]), within);
    await vi.waitUntil(async () => (await outbox.outbox.stats()).postponed === 2, within);
    // As if it had been tried for hours.
    await askServer(place.url, (client) => client.query(`UPDATE ${place.schema}.outbox SET attempts = 19, at = 0`));
    await vi.waitUntil(async () => (await outbox.outbox.stats()).failed === 2, within);
    const failed = await outbox.outbox.failed();
    expect(failed).toMatchObject([{ messageId: "bad1", to: "q", attempts: 20 }, { messageId: "bad2" }]);
    expect(failed[0]?.error).toMatch(/^TRANSPORT_REJECTED: no such thing/u);
    expect(failed[0]?.error).not.toContain("secret");
    isRefused = false;
    expect(await outbox.outbox.drop([failed[1]?.id ?? 0])).toBe(1);
    expect(await outbox.outbox.retry()).toBe(1);
    await vi.waitFor(() => expect(ids).toEqual(["a", "b", "bad1"]), within);
    expect((await outbox.outbox.stats()).failed).toBe(0);
  });

  test("an outbox that is given no log tells on standard error of a call that the broker refuses", async () => {
    const place = new OutboxPlace(server().url);
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    const outbox = await place.open({}, (inner) =>
      publishingBy(inner, async () => {
        throw new TransportRejectedError("no such thing");
      }),
    );
    await place.enqueue(outbox, message("bad"));
    const lines = (): string => write.mock.calls.map(([line]) => String(line)).join("");
    await vi.waitFor(() => expect(lines()).toContain("does not take a call"), within);
  });

  test("when the leader closes another relay goes on at once, and only one publishes at a time", async () => {
    const place = new OutboxPlace(server().url);
    let under = 0;
    let most = 0;
    const watched = (inner: Connection): Connection =>
      publishingBy(inner, async (batch, options) => {
        under += 1;
        most = Math.max(most, under);
        await inner.publish(batch, options);
        under -= 1;
      });
    const relays = [await place.open({}, watched), await place.open({}, watched), await place.open({}, watched)];
    const producer = await place.open({ relay: false });
    const ids = await collect(producer);
    for (const [index, relay] of relays.entries()) {
      await place.enqueue(producer, message(`m${index}`));
      await vi.waitFor(() => expect(ids).toHaveLength(index + 1), within);
      await relay.close();
    }
    expect(most).toBe(1);
    await place.enqueue(producer, message("waits"));
    expect((await producer.outbox.stats()).waiting).toBe(1);
  });

  test("what the database gives another call under an id that was published meanwhile is published too", async () => {
    const place = new OutboxPlace(server().url);
    let published = 0;
    const outbox = await place.open({}, (inner) =>
      publishingBy(inner, async (batch, options) => {
        await inner.publish(batch, options);
        published += 1;
        // After a failover that lost the latest rows their ids begin anew.
        const sql = `UPDATE ${place.schema}.outbox SET at = at + 1`;
        if (published === 1) await askServer(place.url, (client) => client.query(sql));
      }),
    );
    await place.enqueue(outbox, message("a"));
    await vi.waitFor(async () => expect([published, (await outbox.outbox.stats()).waiting]).toEqual([2, 0]), within);
  });

  test("a leader is told when the next postponed call is due, and that there is none", async () => {
    const place = new OutboxPlace(server().url);
    const producer = await place.open({ relay: false });
    const take = (): Promise<readonly { in_ms: string | null }[]> =>
      askServer(place.url, async (client) => {
        const sql = `SELECT in_ms FROM ${place.schema}.outbox_take_2('leader', 60000, 10, 1000)`;
        return (await client.query<{ in_ms: string | null }>(sql)).rows;
      });
    expect(await take()).toEqual([{ in_ms: null }]);
    await place.enqueue(producer, message("a"));
    expect(await take()).toEqual([{ in_ms: null }, { in_ms: null }]);
    const postpone = `UPDATE ${place.schema}.outbox SET state = 1, at = at + 60000`;
    await askServer(place.url, (client) => client.query(postpone));
    const [{ in_ms: inMs } = { in_ms: null }] = await take();
    expect(Number(inMs)).toBeGreaterThan(30_000);
  });

  test("what was kept for long enough is removed", async () => {
    const place = new OutboxPlace(server().url);
    const outbox = await place.open({ relay: false });
    await place.enqueue(outbox, message("old"));
    await askServer(server().url, async (client) => {
      await client.query(`UPDATE ${place.schema}.outbox SET state = 2, at = 0`);
      await client.query(
        `INSERT INTO ${place.schema}.inbox (at, queue, id, copy) SELECT 0, 'q', 'm' || n, '' FROM generate_series(1, 2500) n`,
      );
    });
    await place.open();
    const left = (): Promise<number> =>
      askServer(server().url, async (client) => {
        const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${place.schema}.inbox`);
        return rows[0]?.n ?? -1;
      });
    await vi.waitUntil(async () => (await left()) === 0, within);
    expect((await outbox.outbox.stats()).failed).toBe(0);
  });

  test("sessions that are ended, and tables that are gone, do not end the relay", async () => {
    const place = new OutboxPlace(server().url);
    const outbox = await place.open();
    const ids = await collect(outbox);
    const sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lovage:%'";
    await askServer(server().url, (client) => client.query(sql));
    await vi.waitFor(() => place.enqueue(outbox, message("a")), within);
    await vi.waitFor(() => expect(ids).toEqual(["a"]), within);
    await askServer(server().url, (client) => client.query(`DROP SCHEMA ${place.schema} CASCADE`));
    await vi.waitFor(() => place.enqueue(outbox, message("b")), { ...within, interval: 500 });
  });

  test("tables of the release before are refused where this one must not update them, until somebody has", async () => {
    const place = new OutboxPlace(server().url);
    const outboxed = await place.open();
    await outboxed.close();
    await askServer(server().url, (client) =>
      client.query(
        `DROP FUNCTION ${place.schema}.outbox_settle_5; UPDATE ${place.schema}.schema_versions SET version = 4`,
      ),
    );
    const broker = await place.openBroker();
    const { schema, url } = place;
    const outbox = await openOutbox({ broker, url, schema, lead: "1s", migrate: false });
    onTestFinished(() => outbox.close());
    const refusal = { code: "SCHEMA_VERSION" };
    await expect(outbox.declare({ queues: [{ name: "q" }] })).rejects.toMatchObject(refusal);
    await expect(collect(outbox)).rejects.toMatchObject(refusal);
    await outbox.schema?.apply();
    await outbox.declare({ queues: [{ name: "q" }] });
    const ids = await collect(outbox);
    await place.enqueue(outbox, message("a"));
    await vi.waitFor(() => expect(ids).toEqual(["a"]), within);
  });

  test("a transaction on another database is refused, though that has an outbox too", async () => {
    const place = new OutboxPlace(server().url);
    const outbox = await place.open();
    await askServer(server().url, (client) => client.query("CREATE DATABASE elsewhere"));
    const url = server().url.replace(/\/[^/]*$/u, "/elsewhere");
    const other = await openOutbox({ broker: await place.openBroker(), url, schema: place.schema, relay: false });
    onTestFinished(() => other.close());
    const { transaction, rollback } = await beginOn(url);
    const refused = outbox.publish([message("a")], { transaction });
    await expect(refused).rejects.toMatchObject({ code: "TRANSACTION_UNSUPPORTED" });
    await rollback();
    expect(await other.outbox.stats()).toMatchObject({ waiting: 0 });
  });

  test("bad options are refused, and the schema is told", async () => {
    const place = new OutboxPlace(server().url);
    const { schema } = place;
    const broker = await place.openBroker();
    onTestFinished(() => broker.close());
    const url = server().url;
    const refused = (options: object, code: string): Promise<void> =>
      expect(openOutbox({ broker, url, schema, ...options })).rejects.toMatchObject({ code });
    await refused({ batch: 0 }, "OPTION_INVALID");
    await refused({ lead: "1ms" }, "OPTION_INVALID");
    await refused({ nonsense: 1 }, "OPTION_INVALID");
    await refused({ url: `${url}?batsh=3` }, "CONFIGURATION_INVALID");
    await refused({ url: "postgres://postgres@127.0.0.1:1/x" }, "TRANSPORT_UNAVAILABLE");
    const outbox = await openOutbox({ broker, url: `${url}?relay=false&migrate=false`, schema });
    onTestFinished(() => outbox.close());
    const plan = await outbox.schema?.plan();
    expect(plan).toMatchObject({ from: 0, to: 5 });
    expect(plan?.statements.join("\n")).toContain("outbox_settle_5");
    await outbox.schema?.apply();
    expect(await outbox.schema?.plan()).toMatchObject({ from: 5, to: 5, statements: [] });
  });
});
