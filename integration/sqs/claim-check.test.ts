import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { s3ClaimCheck } from "@lovage/claim-check-s3";
import { createApp } from "lovage";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";

const bucket = "bodies";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const size = 2_000_000;

// Both emulators are S3 as well, on the same port.
for (const service of ["sqs", "moto"] as const) {
  describeOwnServer(service, (start) => {
    it("carries arguments through S3 that SQS would not take, and leaves nothing there", async () => {
      await using server = await start();
      const endpoint = `http://127.0.0.1:${server.port}`;
      const s3 = new S3Client({ endpoint, region: "us-east-1", credentials, forcePathStyle: true });
      onTestFinished(() => s3.destroy());
      await s3.send(new CreateBucketCommand({ Bucket: bucket }));
      const claimCheck = s3ClaimCheck({ bucket, endpoint, credentials });
      onTestFinished(() => claimCheck.close());
      const broker = { url: `sqs://test:test@127.0.0.1:${server.port}`, claimCheck };
      const app = createApp({ name: "large", broker, backend: "memory:", maxPayloadBytes: 2 * size });
      onTestFinished(() => app.close());
      const length = app.task("large.length", (text: string) => text.length);
      const result = await length.delay("x".repeat(size));
      const keep = async (): Promise<number> =>
        (await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount ?? 0;
      expect(await keep()).toBe(1);
      const worker = app.worker();
      await worker.start();
      expect(await result.get({ timeout: "60s" })).toBe(size);
      await eventually(async () => (await keep()) === 0, { what: "an empty bucket", withinMs: 30_000 });
      await worker.stop();
    });
  });
}
