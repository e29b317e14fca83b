import { AmqpLink, amqpTarget, CallChannel } from "@lovage/client-amqp";
import type { Channel } from "@lovage/client-amqp";
import { silentLog, systemClock } from "@lovage/foundation";
import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";

const startMs = 150_000;
const testMs = 60_000;
/** More than the server has on their way out of a step at once. */
const many = 100;

/** All by the same step of the ladder. */
function delayed(to: OutgoingMessage["to"], id: string): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from(id), notBefore: { inMs: 256 } };
}

async function consume(connection: Connection, queue: string): Promise<readonly string[]> {
  const ids: string[] = [];
  const onDelivery = (delivery: Delivery): void => {
    ids.push(delivery.message.properties.messageId);
    delivery.ack().catch(() => {});
  };
  await connection.consume({ queue, prefetch: 5, onDelivery });
  return ids;
}

describeOwnServer("rabbitmq", (start) => {
  let server: OwnServer;
  beforeAll(async () => void (server = await start()), startMs);
  afterAll(async () => await server[Symbol.asyncDispose](), startMs);

  async function open(): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url, sweep: "300ms" });
    onTestFinished(async () => await connection.close());
    return connection;
  }

  async function onChannel(work: (channel: Channel) => Promise<unknown>): Promise<void> {
    const target = amqpTarget(server.url, {});
    const link = await AmqpLink.open({ target, clock: systemClock, log: silentLog, name: "an operator" });
    onTestFinished(async () => await link.close());
    await new CallChannel(link).call("acting beside Lovage", work);
  }

  async function waiting(): Promise<readonly string[]> {
    const rows = await server.execute("rabbitmqctl", ["-q", "list_queues", "name", "messages"]);
    return rows.split("\n").filter((row) => row.startsWith("lovage.delay.") && !row.endsWith("\t0"));
  }

  const stranded = async (): Promise<number> =>
    Number(/\d+$/u.exec((await waiting()).find((row) => row.includes("stranded")) ?? "0")?.[0]);

  const isCeleryEmpty = async (): Promise<boolean> =>
    !/^celery_delayed_\d+\t[1-9]/mu.test(
      await server.execute("rabbitmqctl", ["-q", "list_queues", "name", "messages"]),
    );

  test(
    "delayed messages that no queue takes when they are due hold up no others, and nothing of them is left",
    async () => {
      const connection = await open();
      await connection.declare({
        queues: [{ name: "mail" }],
        exchanges: ["heard", "unheard"].map((name) => ({ name, type: "direct" as const })),
        bindings: [{ exchange: "heard", queue: "mail", routingKey: "mail" }],
      });
      const lost = Array.from({ length: many }, (_, n) => delayed({ exchange: "unheard", routingKey: "x" }, `${n}`));
      await connection.publish(lost);
      const ids = await consume(connection, "mail");
      await connection.publish([
        delayed("mail", "by queue"),
        delayed({ exchange: "heard", routingKey: "mail" }, "by exchange"),
      ]);
      await eventually(() => ids.length === 2, { what: "what has a way", withinMs: 5_000 });
      expect(ids.toSorted()).toEqual(["by exchange", "by queue"]);
      await eventually(async () => (await waiting()).length === 0, {
        what: "an empty ladder",
        withinMs: 5_000,
        everyMs: 500,
      });
    },
    testMs,
  );

  test(
    "what was delayed for an exchange that is deleted is kept, also where its name is as long as may be",
    async () => {
      const connection = await open();
      const exchange = "x".repeat(255);
      await onChannel(async (channel) => await channel.assertExchange(exchange, "direct"));
      await connection.publish([{ ...delayed({ exchange, routingKey: "x" }, "kept"), notBefore: { inMs: 2_000 } }]);
      await onChannel(async (channel) => await channel.deleteExchange(exchange));
      const isDue = async (): Promise<boolean> => (await waiting()).join().includes("stranded");
      await eventually(isDue, { what: "the message among the stranded", withinMs: 10_000, everyMs: 500 });
      expect(await waiting()).toEqual(["lovage.delay.stranded\t1"]);
    },
    testMs,
  );

  test(
    "what goes by Celery's ladder to a queue that was deleted is kept, and holds up no other queue; what Celery sent there is dropped",
    async () => {
      const connection = await open();
      const before = await stranded();
      const queues = ["reports", "post"].map((name) => ({ name, consumers: "mixed" as const }));
      await connection.declare({ queues });
      const inMs = 4_000;
      const due = (to: string, id: string): OutgoingMessage => ({ ...delayed(to, id), notBefore: { inMs } });
      await connection.publish(Array.from({ length: many }, (_, n) => due("reports", `${n}`)));
      await connection.admin.delete("reports");
      await onChannel(async (channel) => {
        const routingKey = `${"0.".repeat(26)}1.0.reports`;
        for (let n = 0; n < many; n += 1) channel.publish("celery_delayed_27", routingKey, Buffer.from("Celery's"), {});
        await Promise.resolve();
      });
      const isDue = async (): Promise<boolean> => (await stranded()) === before + many;
      await eventually(isDue, { what: "all of ours among the stranded", withinMs: 15_000, everyMs: 500 });
      const ids = await consume(connection, "post");
      await connection.publish([due("post", "m")]);
      await eventually(() => ids.length === 1, { what: "what has a way", withinMs: 10_000 });
      expect(ids).toEqual(["m"]);
      await eventually(isCeleryEmpty, { what: "an empty ladder", withinMs: 10_000, everyMs: 500 });
      expect(await stranded()).toBe(before + many);
    },
    testMs,
  );
});
