import type { Connection, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";
import { onChannel } from "./on-channel.ts";
import { queueCounts } from "./queue-counts.ts";

const testMs = 60_000;

function delayed(id: string, inMs: number): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to: "late", headers: {}, properties, body: Buffer.from(id), notBefore: { inMs } };
}

describeVhost((server) => {
  async function open(): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url });
    onTestFinished(async () => await connection.close());
    await connection.declare({ queues: [{ name: "late" }] });
    return connection;
  }

  // What a node meets that starts: a message is due, and the exchange that it goes to is not there yet.
  test(
    "what came to be due before its exchange was there is let go by a policy that is set and cleared (docs/rabbitmq.md)",
    async () => {
      const connection = await open();
      const ids: string[] = [];
      await connection.consume({
        queue: "late",
        prefetch: 5,
        onDelivery: (delivery) => {
          ids.push(delivery.message.properties.messageId);
          void delivery.ack();
        },
      });
      await connection.publish([delayed("held up", 2_048)]);
      await onChannel(server, async (channel) => await channel.deleteExchange("lovage.delay.4"));
      const restored = await open();
      const inStep = async (): Promise<number | undefined> =>
        (await queueCounts(server, server.vhost, "messages_ready")).get("lovage.delay.5");
      await eventually(async () => (await inStep()) === 0, { what: "the message to be due", withinMs: 15_000 });
      await restored.publish([delayed("behind", 1_024)]);
      await eventually(() => ids.length > 0, { what: "what goes by the exchange made anew", withinMs: 10_000 });
      expect(ids).toEqual(["behind"]);

      const inVhost = ["--vhost", server.vhost];
      const policy = ["lovage-wake", "^lovage[.]delay[.]", '{"delivery-limit":100}', "--apply-to", "queues"];
      await server.execute("rabbitmqctl", ["set_policy", ...inVhost, ...policy]);
      await server.execute("rabbitmqctl", ["clear_policy", ...inVhost, "lovage-wake"]);
      await eventually(() => ids.length === 2, { what: "what was held up", withinMs: 10_000 });
    },
    testMs,
  );
});
