import { AmqpLink, amqpTarget } from "@lovage/client-amqp";
import type { Channel } from "@lovage/client-amqp";
import { silentLog, systemClock } from "@lovage/foundation";
import type { Connection, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";

const testMs = 180_000;
/** Two looks of the consumer, and another channel. */
const noticedMs = 60_000;

function messageTo(to: string, messageId: string): OutgoingMessage {
  const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from("x") };
}

describeVhost((server) => {
  async function open(): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url, sweep: "1s" });
    onTestFinished(async () => await connection.close());
    return connection;
  }

  async function operator(): Promise<Channel> {
    const target = amqpTarget(server.url, {});
    const link = await AmqpLink.open({ target, clock: systemClock, log: silentLog, name: "an operator" });
    onTestFinished(async () => await link.close());
    return await link.requireSession().channel();
  }

  test(
    "a consumer whose queue was deleted and made again at once, which the server hides from it, gets what is sent to the new one",
    async () => {
      const [consuming, publishing, channel] = [await open(), await open(), await operator()];
      await consuming.declare({ queues: [{ name: "remade" }] });
      await publishing.declare({ queues: [{ name: "remade" }] });
      const came = new Map<string, number>();
      await consuming.consume({
        queue: "remade",
        prefetch: 5,
        onDelivery: (delivery) => {
          const { messageId } = delivery.message.properties;
          came.set(messageId, (came.get(messageId) ?? 0) + 1);
          void delivery.ack();
        },
      });
      await publishing.publish([messageTo("remade", "before")]);
      await eventually(() => came.size === 1, { what: "the first message", withinMs: 10_000 });
      const { arguments: form } = await formOf("remade");
      await Promise.all([channel.deleteQueue("remade"), channel.assertQueue("remade", { arguments: form })]);
      const ids = Array.from({ length: 20 }, (_, index) => `after ${index}`);
      await publishing.publish(ids.map((id) => messageTo("remade", id)));
      await eventually(() => came.size === 21, { what: "all messages", withinMs: noticedMs });
      expect([...came]).toEqual(expect.arrayContaining(ids.map((id) => [id, 1])));
    },
    testMs,
  );

  /** As Lovage made it. */
  async function formOf(queue: string): Promise<{ readonly arguments: Record<string, unknown> }> {
    const json = await server.execute("rabbitmqctl", [
      "-q",
      "list_queues",
      "--vhost",
      server.vhost,
      "name",
      "arguments",
      "--formatter=json",
    ]);
    const rows = JSON.parse(json) as readonly {
      readonly name: string;
      readonly arguments: readonly (readonly [string, unknown, unknown])[];
    }[];
    const found = rows.find(({ name }) => name === queue)?.arguments ?? [];
    return { arguments: Object.fromEntries(found.map(([name, , value]) => [name, value])) };
  }
});
