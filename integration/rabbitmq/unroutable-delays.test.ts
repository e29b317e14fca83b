import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";
import { onChannel } from "./on-channel.ts";
import { queueCounts } from "./queue-counts.ts";

const testMs = 60_000;
/** More than the server has on their way out of a step at once. */
const many = 100;
const strandedName = "lovage.delay.stranded";

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

describeVhost((server) => {
  async function open(): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url, sweep: "300ms" });
    onTestFinished(async () => await connection.close());
    return connection;
  }

  /** Messages in the steps of a ladder that hold any. */
  async function waiting(prefix: string): Promise<Readonly<Record<string, number>>> {
    const counts = await queueCounts(server, server.vhost, "messages");
    return Object.fromEntries([...counts].filter(([name, count]) => name.startsWith(prefix) && count > 0));
  }

  const stranded = async (): Promise<number> => (await waiting(strandedName))[strandedName] ?? 0;

  const isEmpty = async (prefix: string): Promise<boolean> => Object.keys(await waiting(prefix)).length === 0;

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
      await eventually(async () => await isEmpty("lovage.delay."), {
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
      await onChannel(server, async (channel) => await channel.assertExchange(exchange, "direct"));
      await connection.publish([{ ...delayed({ exchange, routingKey: "x" }, "kept"), notBefore: { inMs: 2_000 } }]);
      await onChannel(server, async (channel) => await channel.deleteExchange(exchange));
      await eventually(async () => (await stranded()) > 0, {
        what: "the message among the stranded",
        withinMs: 10_000,
        everyMs: 500,
      });
      expect(await waiting("lovage.delay.")).toEqual({ [strandedName]: 1 });
    },
    testMs,
  );

  test(
    "what goes by Celery's ladder to a queue that was deleted is kept, and holds up no other queue; what Celery sent there is dropped",
    async () => {
      const connection = await open();
      const before = await stranded();
      const queues = ["reports", "post"].map((name) => ({
        name,
        consumers: "mixed" as const,
        driver: { queueType: "quorum" },
      }));
      await connection.declare({ queues });
      const inMs = 4_000;
      const due = (to: string, id: string): OutgoingMessage => ({ ...delayed(to, id), notBefore: { inMs } });
      await connection.publish(Array.from({ length: many }, (_, n) => due("reports", `${n}`)));
      await connection.admin.delete("reports");
      await onChannel(server, async (channel) => {
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
      await eventually(async () => await isEmpty("celery_delayed_"), {
        what: "an empty ladder",
        withinMs: 10_000,
        everyMs: 500,
      });
      expect(await stranded()).toBe(before + many);
    },
    testMs,
  );
});
