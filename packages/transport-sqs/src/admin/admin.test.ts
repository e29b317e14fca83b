import { CreateQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect, it, onTestFinished } from "vitest";

import { connectToEmulator } from "../test-support/connect-to-emulator.ts";

it("counts queues that others made, without dead letters and delays beside them, among Lovage's own", async () => {
  const { connection, endpoint } = await connectToEmulator();
  await connection.declare({ queues: [{ name: "mail" }] });
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const client = new SQSClient({ endpoint, region: "us-east-1", credentials });
  onTestFinished(() => client.destroy());
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "billing" }));
  await client.send(new CreateQueueCommand({ QueueName: "orders.fifo", Attributes: { FifoQueue: "true" } }));
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "theirs" }));
  const stats = await connection.admin.inspect(await connection.admin.list());
  expect(stats).toEqual([
    { queue: "billing", ready: 1, delayed: 0, unsettled: 0 },
    { queue: "mail", ready: 0, delayed: 0, unsettled: 0, dead: 0 },
    { queue: "orders.fifo", ready: 0 },
  ]);
});
