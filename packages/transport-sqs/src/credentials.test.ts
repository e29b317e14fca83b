import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { silentLog, systemClock } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import { startFauxqs } from "fauxqs";
import { describe, expect, onTestFinished, test } from "vitest";

import { SqsApi, type SqsTarget } from "./sqs-api.ts";
import { sqsTransport } from "./transport.ts";

const keys = { accessKeyId: "test", secretAccessKey: "test" };

function apiOf(target: SqsTarget): SqsApi {
  const api = new SqsApi({ region: "us-east-1", ...target }, systemClock);
  onTestFinished(() => api.close());
  return api;
}

const list = (api: SqsApi): Promise<unknown> =>
  api.call((client, options) => client.send(new ListQueuesCommand({}), options));

/** An API whose every request is refused so. */
async function refusedWith(name: string): Promise<SqsApi> {
  const server = http.createServer((request, response) => {
    request.resume();
    const body = JSON.stringify({ __type: `com.amazonaws.sqs#${name}`, message: "Refused." });
    response.writeHead(400, { "content-type": "application/x-amz-json-1.0" }).end(body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return apiOf({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, credentials: keys });
}

describe("credentials that cannot be had", () => {
  test.each([
    [
      "the SDK finds none",
      Object.assign(new Error("Could not load credentials"), { name: "CredentialsProviderError" }),
    ],
    ["the provider fails in a way of its own", new Error("The vault is sealed")],
  ])("end the opening, and later are waited for: %s", async (_, error) => {
    const api = apiOf({ endpoint: "http://127.0.0.1:1", credentials: () => Promise.reject(error) });
    await expect(api.probe()).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
    await expect(api.probe()).rejects.toThrow(error.message);
    await expect(list(api)).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE", retryable: true });
  });

  test.each(["ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidSecurity"])(
    "end the opening, and later are waited for: %s",
    async (name) => {
      const api = await refusedWith(name);
      await expect(api.probe()).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
      await expect(list(api)).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    },
  );

  test("are no missing permission, which is told at once", async () => {
    const api = await refusedWith("AccessDeniedException");
    await expect(list(api)).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
  });

  test("for a moment let a settlement and a publish wait", async () => {
    const server = await startFauxqs({ port: 0, logger: false });
    onTestFinished(() => server.stop());
    let isAway = false;
    const credentials = async (): Promise<typeof keys & { readonly expiration: Date }> => {
      if (isAway) throw new Error("The metadata service does not answer");
      // Asked for again with each request: it is always about to expire.
      return await Promise.resolve({ ...keys, expiration: new Date(systemClock.now() + 500) });
    };
    const url = `sqs://127.0.0.1:${server.port}`;
    const connection = await sqsTransport({ url, credentials, createQueues: true, log: silentLog });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "q" }] });
    const properties = { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" };
    const message = { to: "q", headers: {}, properties, body: Buffer.from("x") };
    const deliveries: Delivery[] = [];
    await connection.consume({ queue: "q", prefetch: 1, onDelivery: (delivery) => void deliveries.push(delivery) });
    await connection.publish([message]);
    await expect.poll(() => deliveries.length, { timeout: 10_000 }).toBe(1);
    isAway = true;
    const settled = deliveries[0]?.ack();
    const published = connection.publish([message]);
    await expect.poll(() => connection.state, { timeout: 10_000 }).toBe("reconnecting");
    isAway = false;
    await Promise.all([settled, published]);
    await expect.poll(() => deliveries.length, { timeout: 10_000 }).toBe(2);
  });
});
