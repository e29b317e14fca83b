import { PublishUncertainError, type Delivery } from "@lovage/transport";
import { chain, createApp } from "lovage";
import type { PoolClient } from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";
import { beginOn } from "../drivers/postgres/begin-on.ts";
import { collect, message, OutboxPlace, publishingBy } from "./outbox-place.ts";

const within = { timeout: 30_000, interval: 20 };

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("second copies of a call are dropped, also by another consumer; what was lost comes again", async () => {
    const place = new OutboxPlace(server().url);
    let publications = 0;
    const outbox = await place.open({}, (inner) =>
      publishingBy(inner, async (batch, options) => {
        publications += 1;
        await inner.publish(batch, options);
        // As if the answer were lost, three times.
        if (publications <= 3) throw new PublishUncertainError("on purpose");
      }),
    );
    await place.enqueue(outbox, message("a"), message("b"));
    await vi.waitUntil(() => publications === 4, within);
    await vi.waitUntil(async () => (await outbox.admin.inspect(["q"]))[0]?.ready === 8, within);
    const first: Delivery[] = [];
    const dying = await place.open({ relay: false });
    await dying.consume({ queue: "q", prefetch: 1, onDelivery: (delivery) => first.push(delivery) });
    await vi.waitUntil(() => first.length === 1, within);
    await first[0]?.release();
    await dying.close();
    const ids = await collect(outbox);
    await vi.waitUntil(async () => (await outbox.admin.inspect(["q"]))[0]?.ready === 0, within);
    await vi.waitFor(() => expect(ids.toSorted()).toEqual(["a", "b"]), within);
  });

  test("a message whose id and mark PostgreSQL cannot hold is asked about all the same, and holds up nobody", async () => {
    const outbox = await new OutboxPlace(server().url).open({ relay: false });
    await outbox.publish([{ ...message("a\0"), headers: { "x-lovage-outbox": "call/\0" } }, message("b")]);
    const ids = await collect(outbox);
    await vi.waitFor(() => expect(ids).toEqual(["a\0", "b"]), within);
  });

  test("what a worker without a relay has received is forgotten in time, though no relay runs on its schema", async () => {
    const place = new OutboxPlace(server().url);
    const first = await place.open({ relay: false });
    await first.publish([{ ...message("a"), headers: { "x-lovage-outbox": "call/copy" } }]);
    const ids = await collect(first);
    await vi.waitUntil(() => ids.length === 1, within);
    const aged = await askServer(server().url, (client) => client.query(`UPDATE ${place.schema}.inbox SET at = 0`));
    expect(aged.rowCount).toBe(1);
    // The first look is at once.
    const random = vi.spyOn(Math, "random").mockReturnValue(0);
    onTestFinished(() => random.mockRestore());
    await collect(await place.open({ relay: false }));
    const isForgotten = async (): Promise<boolean> => {
      const { rowCount } = await askServer(server().url, (client) => client.query(`TABLE ${place.schema}.inbox`));
      return rowCount === 0;
    };
    await vi.waitUntil(isForgotten, within);
  });

  test("an app sends in a transaction, and ends tasks in one: business rows, what comes after and the result", async () => {
    const place = new OutboxPlace(server().url);
    const { url } = server();
    await askServer(url, (client) => client.query(`CREATE TABLE effects_${place.schema} (id int)`));
    const backend = `${url}?schema=${place.schema}_results`;
    const app = createApp({ name: "outbox", broker: await place.open(), backend, from: import.meta.filename });
    onTestFinished(() => app.close());
    const write = app.task("write", { bind: true }, (task, id: number) =>
      task.transaction(async (client: PoolClient) => {
        await client.query(`INSERT INTO effects_${place.schema} VALUES ($1)`, [id]);
        return id + 1;
      }),
    );
    const double = app.task("double", (value: number) => value * 2);
    await using worker = app.worker();
    await worker.start();
    const { transaction, commit } = await beginOn(url);
    const result = await write.applyAsync([1], { transaction });
    expect(await result.state()).toBe("PENDING");
    await commit();
    expect(await result.get({ timeout: "30s" })).toBe(2);
    expect(await (await chain(write.s(20), double.s()).delay()).get({ timeout: "30s" })).toBe(42);
  });

  test("a second call under the id of one whose work is committed comes to nothing, also where its task is retried", async () => {
    const place = new OutboxPlace(server().url);
    const table = `effects_${place.schema}`;
    await askServer(server().url, (client) => client.query(`CREATE TABLE ${table} (id int)`));
    const app = createApp({ name: "inbox", broker: await place.open(), from: import.meta.filename });
    onTestFinished(() => app.close());
    let runs = 0;
    const options = { bind: true, retryFor: true, retryBackoff: 0 } as const;
    const pay = app.task("pay", options, (task) =>
      task.transaction(async (client: PoolClient) => {
        runs += 1;
        await client.query(`INSERT INTO ${table} VALUES (7)`);
      }),
    );
    await using worker = app.worker();
    await worker.start();
    for (const times of [1, 2]) {
      await pay.applyAsync([], { taskId: "pay-7" });
      await vi.waitUntil(() => runs === times, within);
      await vi.waitUntil(async () => {
        const { ready, unsettled, delayed } = await app.queue("default").stats();
        return ready === 0 && unsettled === 0 && delayed === 0;
      }, within);
    }
    const { rows } = await askServer(server().url, (client) => client.query(`SELECT id FROM ${table}`));
    expect([rows, runs, (await app.queue("default").stats()).dead]).toEqual([[{ id: 7 }], 2, 0]);
  });

  test("work that was committed is not done again when its acknowledgement was lost", async () => {
    const place = new OutboxPlace(server().url);
    const table = `effects_${place.schema}`;
    await askServer(server().url, (client) => client.query(`CREATE TABLE ${table} (id text)`));
    const outbox = await place.open();
    const seen: Delivery[] = [];
    const done: unknown[] = [];
    const write = async (delivery: Delivery): Promise<void> => {
      seen.push(delivery);
      const first = seen.length === 1;
      const work = delivery.transact?.(async (client) => {
        await (client as PoolClient).query(`INSERT INTO ${table} VALUES ($1)`, [delivery.message.properties.messageId]);
        return { value: undefined };
      });
      // The first one ends before it is acknowledged.
      if (first) await consumer.close();
      done.push(
        await work?.then(
          () => "committed",
          (error: unknown) => error,
        ),
      );
    };
    const consumer = await (
      await place.open({ relay: false })
    ).consume({
      queue: "q",
      prefetch: 1,
      onDelivery: (delivery) => void write(delivery),
    });
    await place.enqueue(outbox, message("a"));
    await vi.waitUntil(() => done.length === 1, within);
    await outbox.consume({ queue: "q", prefetch: 1, onDelivery: (delivery) => void write(delivery) });
    await vi.waitUntil(async () => {
      const [stats] = await outbox.admin.inspect(["q"]);
      return stats?.ready === 0 && stats.unsettled === 0;
    }, within);
    const { rows } = await askServer(server().url, (client) => client.query(`SELECT id FROM ${table}`));
    expect(rows).toEqual([{ id: "a" }]);
  });
});
