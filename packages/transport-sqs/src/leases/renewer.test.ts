import { ChangeMessageVisibilityCommand, DeleteMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, type Lease, type Renewer } from "@lovage/lease-engine";
import { startFauxqs } from "fauxqs";
import { expect, describe, it, onTestFinished } from "vitest";

import { openRenewer, type RenewerOptions } from "./renewer.ts";
import { SharedHandles } from "./shared-handles.ts";
import { SqsStore, type SqsStoreOptions } from "../store.ts";

const leaseMs = 1_000;
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const nowMs = (): number => systemClock.monotonic();

interface RenewerBench {
  readonly store: SqsStore;
  readonly renewer: Renewer;
  readonly lease: Lease;
  readonly handle: string;
  readonly client: SQSClient;
  readonly queueUrl: string;
}

function storeAt(endpoint: string, options: Partial<SqsStoreOptions> = {}): SqsStore {
  const settings = leaseSettings({ lease: leaseMs });
  const place = { prefix: "p-", queues: {}, creates: true, clock: systemClock, log: silentLog };
  return new SqsStore({ target: { endpoint, credentials }, settings, ...place, ...options });
}

/** One message that is held, and a renewer as the thread has it. */
async function renewerBench(options: Partial<SqsStoreOptions> = {}): Promise<RenewerBench> {
  const server = await startFauxqs({ port: 0, logger: false });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const store = storeAt(endpoint, options);
  await store.open();
  await store.declare([{ name: "q" }]);
  const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
  await store.publish([{ to: "q", headers: {}, properties, body: new Uint8Array() }]);
  const { messages } = await store.claim({ queue: "q", max: 1, leaseMs, suspects: false });
  const lease = messages[0]!.lease;
  const given = structuredClone(store.facts.renewal?.options) as RenewerOptions;
  const renewer = await openRenewer(given, nowMs);
  const client = new SQSClient({ endpoint, region: "us-east-1", credentials });
  onTestFinished(async () => {
    client.destroy();
    await renewer.close();
    await store.close();
    await server.stop();
  });
  const { handle } = new SharedHandles(given.handles).read(lease.id)!;
  return { store, renewer, lease, handle, client, queueUrl: `${endpoint}/000000000000/p-q` };
}

describe("the renewer of the helper thread", () => {
  it("keeps a message hidden, and its store knows", async () => {
    const { store, renewer, lease } = await renewerBench();
    expect(await renewer.extend("q", [lease], 60_000)).toBeNull();
    // SQS hides it for two seconds without that.
    await systemClock.sleep(2_500);
    expect((await store.admin.inspect(["q"]))[0]).toMatchObject({ ready: 0, unsettled: 1 });
    expect(await store.settle("q", [{ kind: "ack", lease }])).toBeNull();
  });

  it("tells of a message that is gone, and its store settles it no more", async () => {
    const { store, renewer, lease, handle, client, queueUrl } = await renewerBench();
    await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: handle }));
    expect(await renewer.extend("q", [lease], 60_000)).toEqual({ lost: [lease], left: [] });
    expect(await store.settle("q", [{ kind: "ack", lease }])).toEqual([lease]);
  });

  it("takes a message that SQS lost sight of for a new one when it comes again", async () => {
    const { store, renewer, lease, handle, client, queueUrl } = await renewerBench();
    await client.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle: handle, VisibilityTimeout: 0 }),
    );
    expect(await renewer.extend("q", [lease], 60_000)).toMatchObject({ lost: [lease] });
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs, suspects: false });
    expect(messages).toMatchObject([{ losses: 1, redelivered: true }]);
  });

  it("leaves to the event loop what is to be handed over, and what it does not know", async () => {
    const { store, renewer, lease } = await renewerBench({ ceilingMs: 0 });
    const unknown = { id: lease.id + 16_384, fence: lease.fence };
    expect(await renewer.extend("q", [lease, unknown], 60_000)).toEqual({ lost: [], left: [lease, unknown] });
    await store.settle("q", [{ kind: "ack", lease }]);
    expect(await renewer.extend("q", [lease], 60_000)).toEqual({ lost: [], left: [lease] });
  });

  it("fails where there is no such queue", async () => {
    const { renewer, lease } = await renewerBench();
    await expect(renewer.extend("other", [lease], 60_000)).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
  });

  it("is not offered with credentials that cannot be sent to a thread", async () => {
    const { facts } = storeAt("http://localhost:1", { target: { credentials: async () => credentials } });
    expect(facts.renewal).toBeUndefined();
  });
});
