import { silentLog, type Log } from "@lovage/foundation";
import { postgresBackend } from "@lovage/backend-postgres";
import { postgresTransport } from "@lovage/transport-postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { brokersOfRow } from "../brokers/brokers.ts";
import { postgres } from "../brokers/postgres.ts";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { skipAll } from "../scene/fault.ts";
import { Scene } from "../scene/scene.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { StartServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";
import { startPgBouncer, whyNoPgBouncer } from "../postgres/pg-bouncer.ts";

const tasks = 1_000;
const applies = brokersOfRow(24).includes(postgres);
const missing = applies ? await whyNoPgBouncer() : undefined;

// PgBouncer is the one that is installed here, before whatever server there is.
if (applies) describeOwnServer("postgres", behindPgBouncer);
else skipAll("row 24: behind PgBouncer");

function behindPgBouncer(start: StartServer): void {
  const server = postgresServer(start);

  test("row 24: behind PgBouncer with shared sessions workers poll, and lose nothing", async ({
    skip,
    onTestFailed,
  }) => {
    if (missing !== undefined) skip(missing);
    await using bouncer = await startPgBouncer(server().url);
    await using scene = new Scene(postgres, { skip, onTestFailed, server: behind(server(), bouncer.url) });
    const workers = await scene.startWorkers(2);
    await scene.send(
      "load.wait",
      Array.from({ length: tasks }, () => [5]),
    );
    await scene.untilFinished(tasks);
    await scene.untilEmpty();
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ accepted: tasks, lost: [], doubled: 0, zombieWrites: 0 });
    for (const { log } of workers) {
      const warnings = log.match(/pooler stands before PostgreSQL/gu);
      expect(warnings?.length, "warnings: one of the transport, one of the backend").toBe(2);
    }
    recordFigures({
      row: 24,
      broker: scene.broker,
      fault: "PgBouncer in transaction mode before the server",
      ...figuresOf(verdict),
      interruptedLimit: 0,
      timings: [],
    });
  }, 180_000);

  test("row 24: an idle consumer and a waiting caller behind PgBouncer look again and again", async ({ skip }) => {
    if (missing !== undefined) skip(missing);
    await using bouncer = await startPgBouncer(server().url);
    const said: string[] = [];
    const log: Log = { ...silentLog, warn: (text) => void said.push(text) };
    const connection = await postgresTransport({ url: bouncer.url, log });
    onTestFinished(() => connection.close());
    const backend = await postgresBackend({ url: bouncer.url });
    onTestFinished(() => backend.close());
    expect(said).toEqual([expect.stringContaining("pooler")]);
    expect([connection.capabilities.broadcast, connection.broadcast]).toEqual([false, undefined]);
    expect(backend.capabilities.watch).toBe("poll");
    await connection.declare({ queues: [{ name: "idle" }] });
    const heard: string[] = [];
    await connection.consume({
      queue: "idle",
      prefetch: 1,
      onDelivery: (delivery) => void delivery.ack().then(() => heard.push(delivery.message.properties.messageId)),
    });
    await backend.results?.watch(["t"], ({ state }) => heard.push(state));
    const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
    await connection.publish([{ to: "idle", headers: {}, properties, body: Buffer.from("a") }]);
    const put = { taskId: "t", state: "SUCCESS", document: "{}", fence: null, expiresInMs: 60_000 };
    await backend.results?.put([put]);
    await vi.waitUntil(() => heard.length >= 2, { timeout: 20_000 });
    expect(new Set(heard)).toEqual(new Set(["a", "SUCCESS"]));
  });
}

/** The same server, at another address. */
function behind(server: OwnServer, url: string): OwnServer {
  return Object.create(server, { url: { value: url } }) as OwnServer;
}
