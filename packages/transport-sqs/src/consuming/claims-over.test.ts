import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type Message,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { withClaim } from "../message/claim-header.ts";
import { Claims } from "../bodies/claims.ts";
import { BrokerClock } from "../delays/delays.ts";
import { encodeBody } from "../message/envelope.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { QueueConsumption } from "./queue-consumption.ts";
import { QueueDirectory } from "../queues/queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";
import type { SqsContext } from "../sqs-context.ts";
import { readStamp } from "../message/stamp.ts";

const leaseMs = 30_000;
const suspect = { Attributes: { ApproximateReceiveCount: "3" } };

/** An SQS that hands out some messages once, by default one that was lost twice; notes what is sent and deleted. */
class SuspectApi extends SqsApi {
  readonly sentLosses: number[] = [];
  readonly deleted: string[] = [];
  /** What is sent is answered only then. */
  answering: Promise<void> = Promise.resolve();
  readonly #clock: VirtualClock;
  #messages: readonly Message[];

  constructor(clock: VirtualClock, messages: readonly Message[] = [suspect]) {
    super({ endpoint: "http://localhost" }, clock);
    this.#clock = clock;
    this.#messages = messages;
  }

  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    const client = { send: (command: unknown) => this.#answer(command) };
    return await send(client as unknown as SQSClient, { abortSignal: this.closing });
  }

  async #answer(command: unknown): Promise<object> {
    if (command instanceof ReceiveMessageCommand) return await this.#receive();
    if (command instanceof SendMessageBatchCommand) {
      for (const { MessageAttributes } of command.input.Entries ?? []) {
        this.sentLosses.push(readStamp(MessageAttributes).losses);
      }
      await this.answering;
    }
    if (command instanceof DeleteMessageBatchCommand) {
      this.deleted.push(...(command.input.Entries ?? []).map(({ ReceiptHandle = "" }) => ReceiptHandle));
    }
    return {};
  }

  async #receive(): Promise<object> {
    if (this.#messages.length === 0) await this.#clock.sleep(20_000);
    const Messages = this.#messages.map((message, index) => {
      return { MessageId: `m${index}`, ReceiptHandle: `h${index}`, Body: "{}", ...message };
    });
    this.#messages = [];
    return { Messages };
  }
}

function consume(clock: VirtualClock, api: SuspectApi, claims?: Claims): QueueConsumption {
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: { q: "http://localhost/q" } });
  const context: SqsContext = { api, clock, log: silentLog, directory, table: new LeaseTable(), claims };
  const brokerClock = new BrokerClock(() => clock.now());
  return new QueueConsumption({ context, queue: "q", leaseMs, brokerClock });
}

/** Bodies that come when `come` is called. */
function slowBodies(): { readonly claims: Claims; readonly come: () => void } {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const check = { maxBytes: 9, put: async () => {}, delete: async () => {}, get: async () => await promise };
  return { claims: new Claims(check, silentLog), come: () => resolve(new Uint8Array(9)) };
}

const properties = { messageId: "large", contentType: "x", contentEncoding: "binary" };
const large = encodeBody(withClaim({ headers: {}, properties, body: new Uint8Array(9) }, "q/key"), "q");
const request = { queue: "q", max: 10, leaseMs, suspects: false };

test("what waits to run alone goes back uncounted with the last consumer of its queue", async () => {
  const clock = virtualClock();
  const api = new SuspectApi(clock);
  const consumption = consume(clock, api);
  expect(await consumption.claim(request)).toMatchObject({ messages: [], suspectsWait: true });
  await consumption.claimsOver();
  expect([api.sentLosses, api.deleted]).toEqual([[2], ["h0"]]);
});

test("what waits for a body, and what came with it, goes back uncounted when nobody waits for it any more", async () => {
  const clock = virtualClock();
  const api = new SuspectApi(clock, [{ Body: large }, {}]);
  const { claims, come } = slowBodies();
  const consumption = consume(clock, api, claims);
  const waiting = new AbortController();
  const claim = consumption.claim({ ...request, signal: waiting.signal });
  await clock.advance(5_000);
  waiting.abort();
  await consumption.claimsOver();
  expect(await claim).toMatchObject({ messages: [] });
  expect([api.sentLosses, api.deleted]).toEqual([
    [0, 0],
    ["h0", "h1"],
  ]);
  come();
  await clock.advance(0);
  expect(api.deleted).toHaveLength(2);
});

test("a body is waited for while its queue is consumed, although its claim asked for more than is wanted by now", async () => {
  const clock = virtualClock();
  const api = new SuspectApi(clock, [{ Body: large }]);
  const { claims, come } = slowBodies();
  const consumption = consume(clock, api, claims);
  const waiting = new AbortController();
  const claim = consumption.claim({ ...request, signal: waiting.signal });
  await clock.advance(5_000);
  waiting.abort();
  await clock.advance(5_000);
  come();
  expect(await claim).toMatchObject({ messages: [{ message: { body: { byteLength: 9 } } }] });
  expect(api.deleted).toEqual([]);
});

test("a suspect that waits for its body goes back uncounted with its consumer", async () => {
  const clock = virtualClock();
  const api = new SuspectApi(clock, [{ Body: large, Attributes: { ApproximateReceiveCount: "3" } }]);
  const consumption = consume(clock, api, slowBodies().claims);
  expect(await consumption.claim(request)).toMatchObject({ suspectsWait: true });
  const waiting = new AbortController();
  const claim = consumption.claim({ ...request, max: 1, suspects: true, signal: waiting.signal });
  await clock.advance(5_000);
  waiting.abort();
  await consumption.claimsOver();
  expect(await claim).toMatchObject({ messages: [] });
  expect([api.sentLosses, api.deleted]).toEqual([[2], ["h0"]]);
});

test("what is on its way back when its queue is closed gets there first", async () => {
  const clock = virtualClock();
  const api = new SuspectApi(clock, [{}]);
  const { promise, resolve } = Promise.withResolvers<void>();
  api.answering = promise;
  const consumption = consume(clock, api);
  const waiting = new AbortController();
  const claim = consumption.claim({ ...request, signal: waiting.signal });
  waiting.abort();
  expect(await claim).toMatchObject({ messages: [] });
  const over = consumption.claimsOver();
  await clock.advance(0);
  expect(api.sentLosses).toEqual([0]);
  let isClosed = false;
  const closed = consumption.close().then(() => (isClosed = true));
  await clock.advance(0);
  expect(isClosed).toBe(false);
  resolve();
  await Promise.all([closed, over]);
  expect(api.deleted).toEqual(["h0"]);
});
