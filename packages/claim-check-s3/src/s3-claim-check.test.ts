import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { systemClock } from "@lovage/foundation";
import { startFauxqs } from "fauxqs";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { s3ClaimCheck, type S3ClaimCheck, type S3ClaimCheckOptions } from "./s3-claim-check.ts";

const bucket = "bodies";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

/** A claim check in an emulator of its own. */
async function start(options: Partial<S3ClaimCheckOptions> = {}): Promise<{
  readonly check: S3ClaimCheck;
  readonly keys: () => Promise<string[]>;
  readonly stop: () => Promise<void>;
}> {
  const server = await startFauxqs({ port: 0, logger: false });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const client = new S3Client({ endpoint, region: "us-east-1", credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const check = s3ClaimCheck({ bucket, endpoint, credentials, ...options });
  const stop = async (): Promise<void> => await server.stop();
  onTestFinished(async () => {
    check.close();
    client.destroy();
    await stop();
  });
  const keys = async (): Promise<string[]> => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key = "" }) => Key);
  };
  return { check, keys, stop };
}

/** Long before the 20 s after which a call is given up by itself. */
const soon = { timeout: 10_000 };

/** A server that sends the beginning of a body of 30 MB, and nothing more. */
async function stall(): Promise<{ readonly endpoint: string; readonly connections: () => number }> {
  let open = 0;
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-length": 30_000_000, "x-amz-checksum-crc32": "AAAAAA==" });
    response.write(new Uint8Array(1_000));
  });
  server.on("connection", (socket) => {
    open += 1;
    socket.on("close", () => (open -= 1));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => open };
}

/** An S3 that takes what it is given, and then refuses all with this code. */
async function refuse(code: string, { after }: { readonly after: number }): Promise<string> {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume();
    requests += 1;
    if (requests <= after) response.writeHead(200).end();
    else response.writeHead(400).end(`<Error><Code>${code}</Code><Message>Refused.</Message></Error>`);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The region that its requests are signed for. */
async function regionAt(endpoint: string, region?: string): Promise<string> {
  const regions: Promise<string>[] = [];
  const sending = vi.spyOn(S3Client.prototype, "send").mockImplementation(function (this: S3Client) {
    regions.push(this.config.region());
  });
  onTestFinished(() => sending.mockRestore());
  const check = s3ClaimCheck({ bucket, endpoint, credentials, ...(region === undefined ? {} : { region }) });
  await check.delete("mail/1");
  check.close();
  return (await Promise.all(regions)).join();
}

describe("the claim check in S3", () => {
  it.each([
    ["https://bucket.vpce-0a1-b2c.s3.eu-central-1.vpce.amazonaws.com", "eu-central-1"],
    ["https://s3.eu-west-1.amazonaws.com/", "eu-west-1"],
    ["https://s3-eu-west-1.amazonaws.com", "eu-west-1"],
    ["https://s3.dualstack.ap-south-1.amazonaws.com", "ap-south-1"],
    ["https://s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
    ["https://s3-fips.dualstack.us-east-2.amazonaws.com", "us-east-2"],
    ["https://s3.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["https://s3.amazonaws.com", "us-east-1"],
    ["http://localhost:9000", "us-east-1"],
    ["http://minio.eu-west-1.elb.amazonaws.com:9000", "us-east-1"],
  ])("takes the region that an endpoint of AWS has in its name: %s is in %s", async (endpoint, region) => {
    vi.stubEnv("AWS_REGION", "sa-east-1");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await regionAt(endpoint)).toBe(region);
    expect(await regionAt(endpoint, "eu-north-1")).toBe("eu-north-1");
  });

  it("gives back what it was given, under its prefix, until it is deleted", async () => {
    const { check, keys } = await start({ prefix: "lovage/" });
    const body = Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251);
    await check.put("mail/1", body);
    expect(await keys()).toEqual(["lovage/mail/1"]);
    expect(Buffer.compare(Buffer.from((await check.get("mail/1")) ?? []), Buffer.from(body))).toBe(0);
    await check.delete("mail/1");
    await check.delete("mail/1");
    expect(await check.get("mail/1")).toBeUndefined();
    expect(await keys()).toEqual([]);
  });

  it("fetches nothing that is larger than it may be", async () => {
    const { check } = await start({ maxBytes: 10 });
    await check.put("mail/1", new Uint8Array(11));
    await expect(check.get("mail/1")).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
  });

  it("lets go of the connection on which a body came that it does not fetch", async () => {
    const { endpoint, connections } = await stall();
    const check = s3ClaimCheck({ bucket, endpoint, credentials, maxBytes: 10 });
    onTestFinished(() => check.close());
    await expect(check.get("mail/1")).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
    await vi.waitUntil(() => connections() === 0, soon);
  });

  it("waits for the rest of a body no longer than a call may take", async () => {
    const { endpoint, connections } = await stall();
    const check = s3ClaimCheck({ bucket, endpoint, credentials, timeoutMs: 200 });
    onTestFinished(() => check.close());
    await expect(check.get("mail/1")).rejects.toMatchObject({ code: "CLAIM_CHECK_UNAVAILABLE" });
    await vi.waitUntil(() => connections() === 0, soon);
  });

  it("says that a bucket is wrong, and which", async () => {
    const { check } = await start({ bucket: "elsewhere" });
    const expected = { code: "TRANSPORT_REJECTED", message: expect.stringContaining("elsewhere") as string };
    await expect(check.put("mail/1", new Uint8Array(1))).rejects.toMatchObject(expected);
    await expect(check.get("mail/1")).rejects.toMatchObject(expected);
  });

  it("says that S3 cannot be reached, as something that passes", async () => {
    const { check, stop } = await start();
    await stop();
    const expected = { code: "CLAIM_CHECK_UNAVAILABLE", retryable: true };
    await expect(check.put("mail/1", new Uint8Array(1))).rejects.toMatchObject(expected);
  });

  it("says that there are no credentials or no region, as something that does not pass", async () => {
    const none = Object.assign(new Error("Could not load credentials"), { name: "CredentialsProviderError" });
    vi.stubEnv("AWS_REGION", undefined);
    vi.stubEnv("AWS_CONFIG_FILE", "/dev/null");
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const wrong of [
      { endpoint: "http://127.0.0.1:1", credentials: () => Promise.reject(none) },
      { credentials },
    ]) {
      const check = s3ClaimCheck({ bucket, ...wrong });
      await expect(check.get("mail/1")).rejects.toMatchObject({ code: "TRANSPORT_REJECTED", retryable: false });
      check.close();
    }
  });

  it.each([
    ["ThrottlingException", 0, "CLAIM_CHECK_UNAVAILABLE"],
    ["RequestTimeout", 0, "CLAIM_CHECK_UNAVAILABLE"],
    ["ExpiredToken", 1, "CLAIM_CHECK_UNAVAILABLE"],
    ["ExpiredToken", 0, "TRANSPORT_REJECTED"],
    ["InvalidRequest", 1, "TRANSPORT_REJECTED"],
  ])(
    "knows what passes by its name, not by its status: %s after %i calls that worked is %s",
    async (name, after, code) => {
      const check = s3ClaimCheck({ bucket, endpoint: await refuse(name, { after }), credentials });
      onTestFinished(() => check.close());
      for (let call = 0; call < after; call += 1) await check.put("mail/1", new Uint8Array(1));
      await expect(check.put("mail/2", new Uint8Array(1))).rejects.toMatchObject({ code });
    },
  );

  it("waits for credentials that it has had before", async () => {
    const none = Object.assign(new Error("The metadata service does not answer"), { name: "CredentialsProviderError" });
    let isAway = false;
    const expiring = async (): Promise<typeof credentials & { readonly expiration: Date }> => {
      if (isAway) throw none;
      // Asked for again with each request: they are always about to expire.
      return await Promise.resolve({ ...credentials, expiration: new Date(systemClock.now() + 500) });
    };
    const { check } = await start({ credentials: expiring });
    await check.put("mail/1", new Uint8Array(1));
    isAway = true;
    await expect(check.put("mail/2", new Uint8Array(1))).rejects.toMatchObject({ code: "CLAIM_CHECK_UNAVAILABLE" });
  });

  it.each([{ bucket: "" }, { maxBytes: 0 }, { maxBytes: 6e9 }, { timeoutMs: 0 }])("refuses %o", (wrong) => {
    expect(() => s3ClaimCheck({ bucket, ...wrong })).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});
