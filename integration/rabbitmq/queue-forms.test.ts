import type { Connection, Delivery, Headers, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import type { AmqpTransportOptions } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";
import { onChannel } from "./on-channel.ts";

const testMs = 60_000;

function messageTo(to: string, headers: Headers = {}): OutgoingMessage & { readonly to: string } {
  const properties = { messageId: `to-${to}`, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers, properties, body: Buffer.from("x") };
}

async function roundTrip(
  connection: Connection,
  message: OutgoingMessage & { readonly to: string },
): Promise<Delivery> {
  const deliveries: Delivery[] = [];
  const onDelivery = (delivery: Delivery): void => void deliveries.push(delivery);
  await connection.consume({ queue: message.to, prefetch: 1, maxDeliveries: 3, onDelivery });
  await connection.publish([message]);
  await eventually(() => deliveries.length === 1, { what: "the message", withinMs: 10_000 });
  await deliveries[0]!.ack();
  return deliveries[0]!;
}

describeVhost((server) => {
  async function open(options: AmqpTransportOptions = {}): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url, sweep: "300ms", ...options });
    onTestFinished(async () => await connection.close());
    return connection;
  }

  async function argumentsOf(queue: string): Promise<unknown> {
    const found = `{ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"${server.vhost}">>, queue, <<"${queue}">>))`;
    const names = "[binary_to_list(Name) || {Name, _, _} <- amqqueue:get_arguments(Queue)]";
    const list = await server.execute("rabbitmqctl", ["eval", `${found}, ${names}.`]);
    return [...list.matchAll(/"([^"]*)"/gu)].map(([, name]) => name);
  }

  /** Of a quorum queue that Lovage makes: before version 4 there is no limit to lift. */
  async function ownArguments(): Promise<readonly string[]> {
    const version = await server.execute("rabbitmqctl", ["-q", "version"]);
    return ["x-queue-type", ...(Number.parseInt(version, 10) >= 4 ? ["x-delivery-limit"] : [])];
  }

  test(
    "a quorum queue of Lovage's own has no limit of deliveries; one that is there without is used as it is, also after a reconnection and when it is made again",
    async () => {
      await onChannel(
        server,
        async (channel) => await channel.assertQueue("earlier", { arguments: { "x-queue-type": "quorum" } }),
      );
      const connection = await open();
      await connection.declare({ queues: ["earlier", "new"].map((name) => ({ name })) });
      await roundTrip(connection, messageTo("earlier"));
      await roundTrip(connection, messageTo("new"));
      const own = await ownArguments();
      expect(await argumentsOf("new")).toEqual(own);
      expect(await argumentsOf("earlier")).toEqual(["x-queue-type"]);
      await server.execute("rabbitmqctl", ["close_all_connections", "--vhost", server.vhost, "a test"]);
      const goesOn = async (): Promise<boolean> =>
        (await connection.admin.inspect(["earlier"]).catch(() => [])).length > 0;
      await eventually(goesOn, { what: "the reconnection", withinMs: 20_000 });
      const other = await open();
      await other.declare({
        queues: [
          { name: "earlier", consumers: "mixed", driver: { queueType: "quorum" } },
          { name: "new", consumers: "mixed", driver: { queueType: "quorum" } },
        ],
      });
      await other.admin.delete("earlier");
      await connection.publish([messageTo("earlier")]);
      expect(await argumentsOf("earlier")).toEqual(own);
    },
    testMs,
  );

  test(
    "what is beside a classic queue is classic by its own word, or as an earlier release has made it",
    async () => {
      await onChannel(server, async (channel) => {
        await channel.assertQueue("old.dead", { arguments: { "x-message-ttl": 14 * 86_400_000 } });
        await channel.assertQueue("old.suspects", {});
      });
      // RabbitMQ 4 adds the type of its own accord.
      const given = await argumentsOf("old.dead");
      const connection = await open({ queueType: "classic" });
      await connection.declare({ queues: [{ name: "old" }, { name: "young", deadLetterRetentionMs: Infinity }] });
      for (const queue of ["old", "young"]) await roundTrip(connection, messageTo(queue));
      expect(await argumentsOf("old.dead")).toEqual(given);
      expect(await argumentsOf("young.dead")).toEqual(["x-queue-type"]);
      expect(await argumentsOf("young.suspects")).toEqual(["x-queue-type"]);
    },
    testMs,
  );

  test(
    "headers that are commands to the broker are a task's own, on the way there and in copies",
    async () => {
      const connection = await open();
      await connection.declare({ queues: [{ name: "mail" }, { name: "finance" }] });
      const headers = { CC: ["finance"], BCC: "boss@example.com", id: "t1" };
      const delivery = await roundTrip(connection, messageTo("mail", headers));
      expect(delivery.message.headers).toEqual(headers);
      expect(await connection.admin.inspect(["mail", "finance"])).toMatchObject([{ ready: 0 }, { ready: 0 }]);
    },
    testMs,
  );
});
