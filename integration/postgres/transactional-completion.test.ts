import { setTimeout as pause } from "node:timers/promises";
import { silentLog, type Log } from "@lovage/foundation";
import { createApp, type App } from "lovage";
import type { PoolClient } from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgres } from "../brokers/postgres.ts";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { Scene } from "../scene/scene.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";

const tasks = 1_000;
const kills = 6;

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  async function effectsOf(kind: string): Promise<number[]> {
    const { rows } = await askServer(server().url, (client) =>
      client.query<{ id: number }>("SELECT id FROM effects WHERE kind = $1 ORDER BY id", [kind]),
    );
    return rows.map(({ id }) => id);
  }

  function appWith(schema: string, name = "completion"): App {
    const url = `${server().url}?schema=${schema}`;
    const app = createApp({ name, broker: url, backend: url, from: import.meta.filename });
    onTestFinished(() => app.close());
    return app;
  }

  async function makeTable(): Promise<void> {
    await askServer(server().url, (client) => client.query("CREATE TABLE IF NOT EXISTS effects (kind text, id int)"));
    await askServer(server().url, (client) => client.query("TRUNCATE effects"));
  }

  test("workers killed in the midst of their transactions leave each effect, and what comes after it, exactly once", async ({
    skip,
    onTestFailed,
  }) => {
    await makeTable();
    await using scene = new Scene(postgres, { skip, onTestFailed, server: server() });
    const loaded = { app: "transact.ts", concurrency: 8, env: { TRANSACT_TABLE: "public.effects" } };
    const crew = [...(await scene.startWorkers(2, loaded))];
    const sent = await scene.send(
      "transact.effect",
      Array.from({ length: tasks }, (_, id) => [id, 100]),
    );
    for (let kill = 0; kill < kills; kill += 1) {
      await pause(500);
      const victim = crew.shift();
      victim?.signal("SIGKILL");
      crew.push(await scene.startWorker(loaded));
    }
    await scene.untilSettled(120_000);
    const ids = Array.from({ length: tasks }, (_, id) => id);
    const dead = (await scene.client.queue("default").dead.list({ limit: 1_000 })).length;
    expect(dead, "suspects that were killed alone").toBeLessThanOrEqual(kills);
    const effects = await effectsOf("effect");
    const started = scene.entries.filter(({ kind }) => kind === "started").length;
    expect(started, "workers were killed while they ran something").toBeGreaterThan(tasks);
    expect(new Set(effects).size, "no effect twice").toBe(effects.length);
    expect(effects.length).toBeGreaterThanOrEqual(tasks - dead);
    expect(await effectsOf("after")).toEqual(effects);
    const states = await Promise.all(sent.map((result) => result.state()));
    expect(states.filter((state) => state === "SUCCESS")).toHaveLength(effects.length);
    expect(ids).toEqual(expect.arrayContaining(effects));
  }, 180_000);

  test("what the work gives is the result, and what comes after the task is sent", async () => {
    await makeTable();
    const app = appWith("chain");
    const write = app.task("write", { bind: true }, (task, id: number) =>
      task.transaction(async (client: PoolClient) => {
        await client.query("INSERT INTO effects VALUES ('effect', $1)", [id]);
        return id + 1;
      }),
    );
    const double = app.task("double", (value: number) => value * 2);
    await using worker = app.worker();
    await worker.start();
    const { chain } = await import("lovage");
    expect(await (await chain(write.s(20), double.s()).delay()).get({ timeout: "20s" })).toBe(42);
    expect(await (await write.delay(1)).get({ timeout: "20s" })).toBe(2);
    expect(await effectsOf("effect")).toEqual([1, 20]);
  });

  test("what throws is rolled back, and the task fails as any other", async () => {
    await makeTable();
    const app = appWith("fails");
    const fail = app.task("fail", { bind: true, maxRetries: 0 }, (task) =>
      task.transaction(async (client: PoolClient) => {
        await client.query("INSERT INTO effects VALUES ('effect', 1)");
        throw new RangeError("on purpose");
      }),
    );
    await using worker = app.worker();
    await worker.start();
    await expect((await fail.delay()).get({ timeout: "20s" })).rejects.toThrow(/on purpose/);
    expect(await effectsOf("effect")).toEqual([]);
    await vi.waitUntil(async () => (await app.queue("default").stats()).dead === 1, { timeout: 20_000 });
  });

  test("a database that goes away within the work is no failure of the task", async () => {
    await makeTable();
    const app = appWith("cut");
    let runs = 0;
    const cut = app.task("cut", { bind: true, maxRetries: 0 }, (task) =>
      task.transaction(async (client: PoolClient) => {
        runs += 1;
        await client.query("INSERT INTO effects VALUES ('effect', $1)", [runs]);
        if (runs === 1) await client.query("SELECT pg_terminate_backend(pg_backend_pid())");
        return runs;
      }),
    );
    await using worker = app.worker();
    await worker.start();
    expect(await (await cut.delay()).get({ timeout: "60s" })).toBe(2);
    expect(await effectsOf("effect")).toEqual([2]);
    expect((await app.queue("default").stats()).dead).toBe(0);
  });

  test("what the database refuses to commit fails the task as any other", async () => {
    const { url } = server();
    await askServer(url, (client) => client.query("CREATE TABLE IF NOT EXISTS customers (id int PRIMARY KEY)"));
    const reference = "customer int REFERENCES customers DEFERRABLE INITIALLY DEFERRED";
    await askServer(url, (client) => client.query(`CREATE TABLE IF NOT EXISTS orders (${reference})`));
    const app = appWith("refused");
    let runs = 0;
    const order = app.task("order", { bind: true, maxRetries: 0 }, (task) =>
      task.transaction(async (client: PoolClient) => {
        runs += 1;
        await client.query("INSERT INTO orders VALUES (1)");
      }),
    );
    const hide = app.task("hide", { bind: true, maxRetries: 0 }, (task) =>
      task.transaction(async (client: PoolClient) => {
        runs += 1;
        await client.query("INSERT INTO nowhere VALUES (1)").catch(() => {});
      }),
    );
    await using worker = app.worker();
    await worker.start();
    await expect((await order.delay()).get({ timeout: "20s" })).rejects.toThrow(/foreign key/);
    await expect((await hide.delay()).get({ timeout: "20s" })).rejects.toThrow(/aborted/);
    await vi.waitUntil(async () => (await app.queue("default").stats()).dead === 2, { timeout: 20_000 });
    expect(runs).toBe(2);
  });

  test("a transaction that cannot see the renewal of its lease is told what to do", async () => {
    const url = `${server().url}?schema=isolated&lease=1s`;
    const warnings: string[] = [];
    const log: Log = {
      ...silentLog,
      warn: (_text, fields) => void warnings.push(String(fields?.["error"])),
      child: () => log,
    };
    const app = createApp({ name: "isolated", broker: url, log, from: import.meta.filename });
    onTestFinished(() => app.close());
    const slow = app.task("slow", { bind: true }, (task) =>
      task.transaction(async (client: PoolClient) => {
        await client.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        await client.query("SELECT 1");
        await pause(1_500);
      }),
    );
    await using worker = app.worker();
    await worker.start();
    await slow.delay();
    await expect.poll(() => warnings.join("\n"), { timeout: 20_000 }).toContain("READ COMMITTED");
    await worker.stop({ timeout: 0 });
  });

  test("a task whose time limit passes in its transaction has failed, and leaves nothing behind", async () => {
    await makeTable();
    const app = appWith("limited");
    let runs = 0;
    const goOn = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    const write = app.task("write", { bind: true, timeLimit: "1s" }, async (task) => {
      runs += 1;
      const done = task.transaction(async (client: PoolClient) => {
        await client.query("INSERT INTO effects VALUES ('effect', 1)");
        await goOn.promise;
      });
      await done.catch(ended.resolve);
    });
    await using worker = app.worker();
    await worker.start();
    await expect((await write.delay()).get({ timeout: "20s" })).rejects.toThrow(/time limit/);
    await vi.waitUntil(async () => (await app.queue("default").stats()).dead === 1, { timeout: 20_000 });
    goOn.resolve();
    expect(await ended.promise).toMatchObject({ code: "TASK_ENDED" });
    expect([runs, await effectsOf("effect")]).toEqual([1, []]);
  });

  test("a task that was cancelled meanwhile leaves nothing behind", async () => {
    await makeTable();
    const app = appWith("cancelled");
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const write = app.task("write", { bind: true }, (task) =>
      task.transaction(async (client: PoolClient) => {
        await client.query("INSERT INTO effects VALUES ('effect', 1)");
        begun.resolve();
        await goOn.promise;
      }),
    );
    await using worker = app.worker();
    await worker.start();
    const result = await write.delay();
    await begun.promise;
    await result.cancel();
    goOn.resolve();
    await vi.waitUntil(async () => (await app.queue("default").stats()).unsettled === 0, { timeout: 20_000 });
    expect(await result.state()).toBe("REVOKED");
    expect(await effectsOf("effect")).toEqual([]);
  });

  test("a delivery whose lease was lost commits nothing", async () => {
    await makeTable();
    const { postgresTransport } = await import("@lovage/transport-postgres");
    const url = `${server().url}?schema=zombie&lease=1s&sweep=100ms`;
    const [first, second] = [await postgresTransport({ url }), await postgresTransport({ url })];
    onTestFinished(async () => void (await Promise.all([first.close(), second.close()])));
    for (const connection of [first, second]) await connection.declare({ queues: [{ name: "q" }] });
    const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
    await first.publish([{ to: "q", headers: {}, properties, body: Buffer.from("a") }]);
    const delivered = Promise.withResolvers<Parameters<Parameters<typeof first.consume>[0]["onDelivery"]>[0]>();
    await first.consume({ queue: "q", prefetch: 1, onDelivery: delivered.resolve });
    const delivery = await delivered.promise;
    let isTaken = false;
    const done = delivery.transact?.(async (client) => {
      await (client as PoolClient).query("INSERT INTO effects VALUES ('zombie', 1)");
      await second.consume({ queue: "q", prefetch: 1, onDelivery: () => void (isTaken = true) });
      // As if this process had stood still for longer than its lease; more than once, because it renews it meanwhile.
      await vi.waitUntil(
        async () => {
          await askServer(server().url, (other) => other.query("UPDATE zombie.messages SET at = 0"));
          return isTaken;
        },
        { timeout: 60_000 },
      );
      return { value: 1 };
    });
    await expect(done).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(await effectsOf("zombie")).toEqual([]);
  });

  test("it is refused where it cannot be", async () => {
    const app = createApp({
      name: "memory",
      broker: "memory://none",
      backend: "memory://none",
      from: import.meta.filename,
    });
    onTestFinished(() => app.close());
    const write = app.task("write", { bind: true, maxRetries: 0 }, (task) => task.transaction(async () => 1));
    await using worker = app.worker();
    await worker.start();
    await expect((await write.delay()).get({ timeout: "20s" })).rejects.toThrow(/postgres:/);
  });
});
