import { isLovageError } from "@lovage/foundation";
import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RabbitmqCluster } from "../services/rabbitmq/rabbitmq-cluster.ts";

const testMs = 300_000;
const count = 600;
const lanes = 10;
const prefetch = 20;
const queue = "mail";

function message(id: string): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to: queue, headers: {}, properties, body: Buffer.from(id) };
}

/** Publishes until it is accepted; answers how often it may have been accepted before. */
async function publish(connection: Connection, id: string): Promise<number> {
  for (let uncertain = 0; ;) {
    try {
      await connection.publish([message(id)]);
      return uncertain;
    } catch (error) {
      if (!isLovageError(error) || !error.retryable) throw error;
      if (error.code !== "TRANSPORT_UNAVAILABLE") uncertain += 1;
    }
  }
}

/** Sends all messages, some at a time. */
async function publishAll(connection: Connection, ids: readonly string[]): Promise<number> {
  const left = ids.values();
  const lane = async (): Promise<number> => {
    let uncertain = 0;
    for (const id of left) uncertain += await publish(connection, id);
    return uncertain;
  };
  const sums = await Promise.all(Array.from({ length: lanes }, lane));
  return sums.reduce((sum, uncertain) => sum + uncertain, 0);
}

describeOwnServer(
  "rabbitmq",
  () => {
    test(
      "row 14: the node that all are connected to is killed: another takes over, and nothing that was accepted is lost",
      async () => {
        await using cluster = await RabbitmqCluster.start();
        const [first, victim, third] = cluster.nodes;
        const hosts = [victim, third, first].map((node) => `127.0.0.1:${node?.port}`).join(",");
        const states: string[] = [];
        const connection = await amqpTransport({
          url: `amqp://guest:guest@${hosts}`,
          heartbeat: "2s",
          sweep: "300ms",
          onState: (state) => void states.push(state),
        });
        onTestFinished(async () => await connection.close());
        await connection.declare({ queues: [{ name: queue }] });
        const deliveries: Delivery[] = [];
        const settled = new Set<string>();
        const onDelivery = (delivery: Delivery): void => {
          deliveries.push(delivery);
          delivery.ack().then(
            () => settled.add(delivery.message.properties.messageId),
            // It is lost with the node, and comes again.
            () => {},
          );
        };
        await connection.consume({ queue, prefetch, onDelivery });
        const ids = Array.from({ length: count }, (_, index) => `m${index}`);
        const publishing = publishAll(connection, ids);
        await eventually(() => settled.size > count / 3, { what: "a third of the messages", withinMs: 60_000 });
        await victim?.kill();
        const describe = (): string => `${settled.size} of ${count} settled, connection ${connection.state}`;
        const uncertain = await publishing;
        await eventually(() => settled.size === count, { what: "all messages", withinMs: 60_000, describe });
        expect([...settled].toSorted()).toEqual(ids.toSorted());
        // Twice came at most what was held, and what was published again since its fate was not known.
        expect(deliveries.length - count).toBeLessThanOrEqual(prefetch + uncertain);
        const isEmpty = async (): Promise<boolean> => (await connection.admin.inspect([queue]))[0]?.ready === 0;
        await eventually(isEmpty, { what: "an empty queue", withinMs: 10_000 });
        expect([states[0], connection.state]).toEqual(["reconnecting", "open"]);
      },
      testMs,
    );

    test(
      "row 14: a classic queue is consumed while the node with the queues for its suspects is away",
      async () => {
        await using cluster = await RabbitmqCluster.start();
        const [home, other] = cluster.nodes.map((node) => `127.0.0.1:${node.port}`);
        const open = async (hosts: string): Promise<Connection> => {
          const url = `amqp://guest:guest@${hosts}`;
          const connection = await amqpTransport({ url, queueType: "classic", heartbeat: "2s", sweep: "300ms" });
          onTestFinished(async () => await connection.close());
          await connection.declare({ queues: [{ name: queue }] });
          return connection;
        };
        const producer = await open(String(home));
        const worker = await open(`${other},${home}`);
        const came: string[] = [];
        const onDelivery = (delivery: Delivery): void => {
          came.push(delivery.message.properties.messageId);
          // What is lost with the node comes again.
          delivery.ack().catch(() => {});
        };
        await worker.consume({ queue, prefetch, onDelivery });
        await producer.publish([message("before")]);
        await eventually(() => came.includes("before"), { what: "the first message", withinMs: 30_000 });
        await cluster.nodes[1]?.kill();
        await publish(producer, "after");
        await eventually(() => came.includes("after"), { what: "the second message", withinMs: 30_000 });
        // What publishes has a connection of its own, which may be back later than the one that consumes.
        await eventually(() => worker.state === "open", { what: "an open connection", withinMs: 30_000 });
        expect(new Set(came)).toEqual(new Set(["before", "after"]));
      },
      testMs,
    );
  },
  ["private"],
);
