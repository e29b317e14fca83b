import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SendMessageBatchCommand,
} from "@aws-sdk/client-sqs";
import { silentLog, systemClock, virtualClock, type Clock } from "@lovage/foundation";
import { expect, onTestFinished, test, vi } from "vitest";

import { receive } from "./calls/receive.ts";
import { extendLeases } from "./leases/extend.ts";
import { LeaseTable } from "./leases/lease-table.ts";
import { readArrival } from "./message/arrival.ts";
import { QueueDirectory, type KnownQueue } from "./queues/queue-directory.ts";
import { SqsApi, type SqsTarget } from "./sqs-api.ts";

type Answer = (action: string, response: http.ServerResponse) => void;

const credentials = { accessKeyId: "test", secretAccessKey: "test" };

/** Where an SQS is that answers so. */
async function serve(answer: Answer): Promise<string> {
  const { endpoint } = await startServer(answer);
  return endpoint;
}

async function startServer(answer: Answer): Promise<{ readonly endpoint: string; readonly server: http.Server }> {
  const server = http.createServer((request, response) => {
    request.resume();
    answer(String(request.headers["x-amz-target"]).replace("AmazonSQS.", ""), response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function apiOf(target: SqsTarget, clock: Clock = systemClock): SqsApi {
  const api = new SqsApi({ credentials, ...target }, clock);
  onTestFinished(() => api.close());
  return api;
}

/** An API whose SQS answers so. */
async function connect(answer: Answer, clock?: Clock): Promise<{ readonly api: SqsApi; readonly known: KnownQueue }> {
  const endpoint = await serve(answer);
  const size = { isFifo: false, maxBytes: 1, group: undefined, isShared: false };
  return { api: apiOf({ endpoint }, clock), known: { queue: "q", sqsName: "q", url: `${endpoint}/q`, ...size } };
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

test("a queue that was deleted a moment ago can be made later, and SQS says when", async () => {
  const message = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
  let requests = 0;
  const { api } = await connect((_, response) => {
    requests += 1;
    tell(response, 400, { __type: "com.amazonaws.sqs#QueueDeletedRecently", message });
  });
  vi.spyOn(api, "pause").mockResolvedValue();
  const command = new CreateQueueCommand({ QueueName: "q" });
  const call = api.call((client, options) => client.send(command, options), { queue: "q" });
  await expect(call).rejects.toMatchObject({
    code: "TRANSPORT_BUSY",
    message: expect.stringContaining(message) as string,
  });
  expect(requests).toBe(9);
});

test.each([
  ["ThrottlingException", 400, "TRANSPORT_BUSY"],
  ["ServiceUnavailable", 503, "TRANSPORT_UNAVAILABLE"],
])(
  "a connection opens though SQS answers %s at first; where it goes on, that is told after several tries",
  async (name, status, code) => {
    let requests = 0;
    let refusals = 3;
    const { api } = await connect((_, response) => {
      requests += 1;
      if (requests <= refusals) tell(response, status, { __type: `com.amazonaws.sqs#${name}`, message: "Later." });
      else tell(response, 200, {});
    });
    vi.spyOn(api, "pause").mockResolvedValue();
    await api.probe();
    expect(requests).toBe(4);
    [requests, refusals] = [0, Infinity];
    const message = expect.stringContaining("It was tried several times.") as string;
    await expect(api.probe()).rejects.toMatchObject({ code, message });
    expect(requests).toBe(9);
  },
);

test("a connection is not tried again where no answer comes: another may be named beside it", async () => {
  let requests = 0;
  const { api } = await connect((_, response) => {
    requests += 1;
    response.destroy();
  });
  await expect(api.probe()).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
  expect(requests).toBe(1);
});

test("polls that wait, however many, keep no other call waiting", async () => {
  let polls = 0;
  const { api, known } = await connect((action, response) => {
    if (action === "ReceiveMessage") polls += 1;
    else tell(response, 200, {});
  });
  const request = { max: 10, waitSeconds: 20, visibilitySeconds: 30 };
  const polling = Array.from({ length: 140 }, () => receive(api, known, request).catch(() => []));
  await expect.poll(() => polls, { timeout: 20_000 }).toBe(140);
  await api.probe();
  api.close();
  await Promise.all(polling);
});

test("the renewal of a lease that is shorter than a call may take is made again while it lasts", async () => {
  const leaseMs = 12_000;
  const clock = virtualClock();
  let requests = 0;
  const { api, known } = await connect((_, response) => {
    requests += 1;
    // As when a connection has died on the way: nothing comes back over it.
    if (requests > 1) tell(response, 200, { Successful: [], Failed: [] });
  }, clock);
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: {} });
  const table = new LeaseTable();
  const arrival = readArrival("q", { MessageId: "id", ReceiptHandle: "handle" }, clock.monotonic());
  const { lease } = table.add("q", arrival, clock.monotonic() + leaseMs);
  const context = { api, clock, log: silentLog, directory, table, claims: undefined };
  const extending = extendLeases(context, { queue: known, leases: [lease], leaseMs, ceilingMs: Infinity });
  await expect.poll(() => requests, { timeout: 20_000 }).toBe(1);
  await clock.advance(leaseMs / 3);
  await vi.waitUntil(() => clock.advance(50).then(() => requests === 2), { timeout: 20_000, interval: 50 });
  expect(await extending).toBeNull();
});

test("calls go to the endpoint that the environment names, whatever host a queue's URL has", async () => {
  vi.stubEnv("AWS_ENDPOINT_URL_SQS", await serve((_, response) => tell(response, 200, { Attributes: {} })));
  onTestFinished(() => void vi.unstubAllEnvs());
  const api = apiOf({ region: "eu-central-1" });
  const command = new GetQueueAttributesCommand({ QueueUrl: "http://127.0.0.1:1/123456789012/q" });
  await expect(api.call((client, options) => client.send(command, options))).resolves.toBeDefined();
});

test("nothing is published over a connection that was idle so long that it may have been closed unheard; calls under way go on", async () => {
  const clock = virtualClock();
  const held = Promise.withResolvers<http.ServerResponse>();
  const { endpoint, server } = await startServer((action, response) => {
    if (action === "GetQueueAttributes") held.resolve(response);
    else tell(response, 200, {});
  });
  let connections = 0;
  server.on("connection", () => (connections += 1));
  const api = apiOf({ endpoint }, clock);
  const publish = (): Promise<unknown> => {
    const command = new SendMessageBatchCommand({ QueueUrl: `${endpoint}/q`, Entries: [] });
    return api.call((client, options) => client.send(command, options), { publishes: true });
  };
  await publish();
  await publish();
  expect(connections).toBe(1);
  const command = new GetQueueAttributesCommand({ QueueUrl: `${endpoint}/q` });
  const underWay = api.call((client, options) => client.send(command, options));
  const response = await held.promise;
  await publish();
  await clock.advance(5_000);
  // Our side hears of it only when it comes to its turn, as after a freeze.
  server.closeIdleConnections();
  await publish();
  tell(response, 200, {});
  await underWay;
  expect(connections).toBe(3);
  api.close();
  const count = (): Promise<number> => new Promise((resolve) => server.getConnections((_, open) => resolve(open)));
  await expect.poll(count).toBe(0);
});
