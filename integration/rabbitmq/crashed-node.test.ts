import type { Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";

const startMs = 150_000;
const ids = Array.from({ length: 8 }, (_, index) => `m${index}`);

function messageTo(to: string, id: string): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from(id) };
}

describeOwnServer("rabbitmq", (start) => {
  let server: OwnServer;
  beforeAll(async () => void (server = await start()), startMs);
  afterAll(async () => await server[Symbol.asyncDispose](), startMs);

  test("row 14: a node that is killed three times gives up nothing that only waited in a classic queue, though it flags all of it", async () => {
    const connection = await amqpTransport({ url: server.url, sweep: "300ms", queueType: "classic" });
    onTestFinished(async () => await connection.close());
    await connection.declare({ queues: [{ name: "mail" }] });
    await connection.publish(ids.map((id) => messageTo("mail", id)));
    const counts: number[] = [];
    const done: string[] = [];
    let isDone = false;
    const onDelivery = (delivery: Delivery): void => {
      counts.push(delivery.count);
      if (!isDone) return;
      delivery.ack().then(
        () => done.push(delivery.message.properties.messageId),
        () => {},
      );
    };
    const consumer = await connection.consume({ queue: "mail", prefetch: 1, onDelivery });
    for (const deliveries of [1, 2, 3]) {
      const what = `delivery ${deliveries}`;
      await eventually(() => counts.length === deliveries, { what, withinMs: 60_000 });
      isDone = deliveries === 3;
      await server.kill();
      // The second time all of them become suspects at once, and wait for their turn.
      if (deliveries === 2) consumer.setPrefetch(ids.length);
      await server.start();
    }
    // All of them count as lost with a node; only the one that was held alone the third time may be given up.
    const stats = async (): Promise<readonly unknown[]> => await connection.admin.inspect(["mail"]);
    const isOver = async (): Promise<boolean> => new Set(done).size === ids.length - 1 && (await stats()).length === 1;
    await eventually(isOver, { what: "the end of all others", withinMs: 60_000 });
    await eventually(async () => JSON.stringify(await stats()) === '[{"queue":"mail","ready":0,"dead":1}]', {
      what: "the dead letter",
      withinMs: 30_000,
    });
    expect(counts.slice(0, 3)).toEqual([1, 2, 3]);
  }, 300_000);
});
