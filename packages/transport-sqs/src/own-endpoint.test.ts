import { GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, systemClock } from "@lovage/foundation";
import { QueueNotFoundError, type Connection } from "@lovage/transport";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { SqsApi } from "./sqs-api.ts";
import { sqsTransport } from "./transport.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const credentials = { accessKeyId: "test", secretAccessKey: "test" };

/** The region that requests are signed for. */
async function regionAt(endpoint: string, region?: string): Promise<string> {
  const api = new SqsApi({ endpoint, region, credentials }, systemClock);
  onTestFinished(() => api.close());
  return await api.call((client) => client.config.region());
}

/** As an SQS in which there are no queues. */
function answer(command: unknown): Promise<object> {
  if (command instanceof GetQueueUrlCommand) throw new QueueNotFoundError("mail");
  return Promise.resolve({ QueueUrl: "http://localhost/mail", Attributes: {} });
}

/** A connection to it, in production. */
async function connectTo(url: string): Promise<Connection> {
  vi.stubEnv("NODE_ENV", "production");
  vi.spyOn(SqsApi.prototype, "probe").mockResolvedValue();
  vi.spyOn(SqsApi.prototype, "call").mockImplementation((send) =>
    send({ send: answer } as unknown as SQSClient, { abortSignal: new AbortController().signal }),
  );
  const connection = await sqsTransport({ url, credentials, log: silentLog });
  onTestFinished(() => connection.close());
  return connection;
}

describe("an endpoint of AWS's own", () => {
  it.each([
    ["https://vpce-0a1-b2c.sqs.eu-central-1.vpce.amazonaws.com", "eu-central-1"],
    ["https://sqs.eu-west-1.amazonaws.com", "eu-west-1"],
    ["https://sqs-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
    ["https://sqs.cn-north-1.amazonaws.com.cn/", "cn-north-1"],
    ["https://sqs.ap-south-1.api.aws", "ap-south-1"],
    ["http://localhost:4566", "us-east-1"],
    ["http://emulator.eu-west-1.elb.amazonaws.com:4566", "us-east-1"],
  ])("has its region in its name: %s is in %s", async (endpoint, region) => {
    vi.stubEnv("AWS_REGION", "sa-east-1");
    expect(await regionAt(endpoint)).toBe(region);
    expect(await regionAt(endpoint, "eu-north-1")).toBe("eu-north-1");
  });

  it("creates no queues in production, unlike an emulator", async () => {
    const ours = await connectTo("sqs://vpce-0a1-b2c.sqs.eu-central-1.vpce.amazonaws.com");
    await expect(ours.declare({ queues: [{ name: "mail" }] })).rejects.toMatchObject({
      code: "TOPOLOGY_MISMATCH",
      message: expect.stringContaining("or none that these credentials may use") as string,
    });
    const emulator = await connectTo("sqs://localhost:4566");
    await emulator.declare({ queues: [{ name: "mail" }] });
  });
});
