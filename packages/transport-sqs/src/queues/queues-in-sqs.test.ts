import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { Delivery } from "@lovage/transport";
import { startFauxqs } from "fauxqs";
import { expect, onTestFinished, test, vi } from "vitest";

import { connectToEmulator } from "../test-support/connect-to-emulator.ts";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };

function clientOf(endpoint: string): SQSClient {
  const client = new SQSClient({ endpoint, region: "us-east-1", credentials });
  onTestFinished(() => client.destroy());
  return client;
}

async function attributesOf(client: SQSClient, name: string): Promise<Readonly<Record<string, string>>> {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  return (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes ?? {};
}

const days = 86_400;

test("queues that were made keep messages for 14 days, and dead letters for as long as declared", async () => {
  const { connection, endpoint } = await connectToEmulator();
  const deadLetterRetentionMs = 3 * days * 1_000;
  await connection.declare({ queues: [{ name: "mail", deadLetterRetentionMs }, { name: "orders.fifo" }] });
  const client = clientOf(endpoint);
  const kept = async (name: string): Promise<string | undefined> =>
    (await attributesOf(client, name))["MessageRetentionPeriod"];
  const names = ["mail", "orders.fifo", "orders-delay", "orders-fifo-dead"];
  expect(await Promise.all(names.map(kept))).toEqual(names.map(() => String(14 * days)));
  expect(await kept("mail-dead")).toBe(String(3 * days));
});

test("a standard queue that was made gives up what was received a hundred times; a FIFO queue, whose releases are receives, does not", async () => {
  const { connection, endpoint } = await connectToEmulator();
  await connection.declare({ queues: [{ name: "mail" }, { name: "orders.fifo" }] });
  const client = clientOf(endpoint);
  const { QueueArn } = await attributesOf(client, "mail-dead");
  const { RedrivePolicy = "{}" } = await attributesOf(client, "mail");
  expect(JSON.parse(RedrivePolicy)).toEqual({ deadLetterTargetArn: QueueArn, maxReceiveCount: 100 });
  for (const name of ["mail-dead", "orders.fifo", "orders-delay"]) {
    expect(await attributesOf(client, name)).not.toHaveProperty("RedrivePolicy");
  }
});

test("queues under names of others are used by their URLs, and none is made", async () => {
  const server = await startFauxqs({ port: 0, logger: false });
  onTestFinished(async () => await server.stop());
  const client = clientOf(`http://127.0.0.1:${server.port}`);
  const urlOf = async (QueueName: string): Promise<string> =>
    (await client.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? "";
  const queues = { mail: await urlOf("mail-prod"), "mail.dead": await urlOf("lost-mail") };
  const target = { endpoint: `http://127.0.0.1:${server.port}`, credentials };
  const { connection } = await connectToEmulator({ target, queues, creates: false });
  await connection.declare({ queues: [{ name: "mail" }] });
  const properties = { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" };
  await connection.publish([{ to: "mail", headers: {}, properties, body: new Uint8Array() }]);
  const held: Delivery[] = [];
  await connection.consume({ queue: "mail", prefetch: 1, onDelivery: (delivery) => void held.push(delivery) });
  await vi.waitUntil(() => held.length > 0, { timeout: 20_000, interval: 20 });
  await held[0]?.reject({ reason: "failed" });
  expect(await connection.admin.inspect(["mail"])).toMatchObject([{ ready: 0, unsettled: 0, dead: 1 }]);
  expect((await attributesOf(client, "lost-mail"))["ApproximateNumberOfMessages"]).toBe("1");
  expect(await connection.admin.list()).toEqual(["mail"]);
  expect((await client.send(new ListQueuesCommand())).QueueUrls).toHaveLength(2);
});
