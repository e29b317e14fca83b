import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { systemClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { receive } from "./calls/receive.ts";
import { SqsApi } from "./sqs-api.ts";

type Answer = (action: string, response: http.ServerResponse) => void;

/** An API whose SQS answers so. */
async function connect(answer: Answer): Promise<{ readonly api: SqsApi; readonly url: string }> {
  const server = http.createServer((request, response) => {
    request.resume();
    answer(String(request.headers["x-amz-target"]).replace("AmazonSQS.", ""), response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = new SqsApi({ endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } }, systemClock);
  onTestFinished(() => {
    api.close();
    server.closeAllConnections();
    server.close();
  });
  return { api, url: `${endpoint}/q` };
}

function tell(response: http.ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
}

test.each([
  ["InvalidSignatureException", true, 2],
  ["InvalidSignatureException", false, 1],
  ["AccessDeniedException", true, 1],
])("a request refused with %s, where its clock is off: %j, is made so many times: %i", async (name, isOff, count) => {
  let requests = 0;
  const { api } = await connect((_, response) => {
    requests += 1;
    if (isOff) response.setHeader("date", new Date(systemClock.now() - 600_000).toUTCString());
    tell(response, 400, { __type: `com.amazonaws.sqs#${name}`, message: "Refused." });
  });
  const call = api.call((client, options) => client.send(new ListQueuesCommand({}), options));
  await expect(call).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
  expect(requests).toBe(count);
});

test("polls that wait, however many, keep no other call waiting", async () => {
  let polls = 0;
  const { api, url } = await connect((action, response) => {
    if (action === "ReceiveMessage") polls += 1;
    else tell(response, 200, {});
  });
  const known = { queue: "q", sqsName: "q", url, isFifo: false, maxBytes: 1, group: undefined, isShared: false };
  const request = { max: 10, waitSeconds: 20, visibilitySeconds: 30 };
  const polling = Array.from({ length: 140 }, () => receive(api, known, request).catch(() => []));
  await expect.poll(() => polls, { timeout: 20_000 }).toBe(140);
  await api.probe();
  api.close();
  await Promise.all(polling);
});
