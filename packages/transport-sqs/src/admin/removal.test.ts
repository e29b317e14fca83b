import {
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  type BatchResultErrorEntry,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import type { QueueAdmin } from "@lovage/transport";
import { expect, test } from "vitest";

import { Claims } from "../bodies/claims.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { withClaim } from "../message/claim-header.ts";
import { decodeBody, encodeBody } from "../message/envelope.ts";
import { QueueDirectory } from "../queues/queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";
import { MemoryClaimCheck } from "../test-support/memory-claim-check.ts";
import { QueueOfSqs } from "../test-support/queue-of-sqs.ts";
import { SqsAdmin } from "./admin.ts";

const url = "http://localhost/";
const refusal = { Code: "InvalidMessageContents", SenderFault: true };
const denial = { Code: "AccessDenied", SenderFault: true };

/** A queue `q` and its dead letters, of which SQS refuses what it is told to. */
class RefusingApi extends SqsApi {
  readonly dead: QueueOfSqs;
  readonly sent: string[] = [];
  readonly refused = new Set<string>();
  readonly kept = new Set<string>();

  constructor(clock: VirtualClock) {
    super({ endpoint: "http://localhost" }, clock);
    this.dead = new QueueOfSqs(clock, "dead");
  }

  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    const answer = async (command: unknown): Promise<object> => {
      if (command instanceof GetQueueUrlCommand) return { QueueUrl: `${url}${command.input.QueueName}` };
      if (command instanceof SendMessageBatchCommand) return { Failed: this.#send(command) };
      if (command instanceof DeleteMessageBatchCommand) return { Failed: await this.#delete(command) };
      return { Attributes: {}, ...(await this.dead.answer(command)) };
    };
    return await send({ send: answer } as unknown as SQSClient, { abortSignal: this.closing });
  }

  #send({ input: { Entries = [] } }: SendMessageBatchCommand): BatchResultErrorEntry[] {
    return Entries.flatMap(({ Id, MessageBody = "" }) => {
      const id = decodeBody(MessageBody, "").properties.messageId;
      if (this.refused.has(id)) return [{ Id, ...refusal }];
      this.sent.push(id);
      return [];
    });
  }

  async #delete({ input: { QueueUrl, Entries = [] } }: DeleteMessageBatchCommand): Promise<BatchResultErrorEntry[]> {
    const gone = Entries.filter(({ ReceiptHandle = "" }) => !this.kept.has(ReceiptHandle));
    await this.dead.answer(new DeleteMessageBatchCommand({ QueueUrl, Entries: gone }));
    return Entries.flatMap((entry) => (gone.includes(entry) ? [] : [{ Id: entry.Id, ...denial }]));
  }
}

/** Dead letters `m0`, `m1`, … in their queue. */
function bury(count: number): {
  readonly api: RefusingApi;
  readonly admin: QueueAdmin;
  readonly check: MemoryClaimCheck;
} {
  const clock = virtualClock();
  const api = new RefusingApi(clock);
  const check = new MemoryClaimCheck();
  for (let index = count - 1; index >= 0; index -= 1) {
    const properties = { messageId: `m${index}`, contentType: "x", contentEncoding: "binary" };
    const body = new Uint8Array(3);
    check.bodies.set(`q/m${index}`, body);
    api.dead.add(encodeBody(withClaim({ headers: {}, properties, body }, `q/m${index}`), "q.dead"));
  }
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: {} });
  const claims = new Claims(check, silentLog);
  const context = { api, clock, log: silentLog, directory, table: new LeaseTable(), claims };
  return { api, admin: new SqsAdmin(context, ""), check };
}

test("of ten dead letters that are replayed the nine that were accepted are gone, though one was refused", async () => {
  const { api, admin } = bury(10);
  api.refused.add("m3");
  const failures = [{ messageId: "m3", error: { code: "TRANSPORT_REJECTED" } }];
  await expect(admin.replay("q.dead", { first: 10 })).rejects.toMatchObject({ code: "PUBLISH_FAILED", failures });
  expect(api.sent).toHaveLength(9);
  api.refused.clear();
  expect(await admin.replay("q.dead", { first: 1 })).toBe(1);
  expect(api.sent.toSorted()).toEqual(Array.from({ length: 10 }, (_, index) => `m${index}`));
});

test("dead letters that were replayed and could not be removed are named, as those that a second replay would double", async () => {
  const { api, admin } = bury(3);
  for (const place of [1, 2, 3]) api.kept.add(`dead-${place}`);
  await expect(admin.replay("q.dead", { first: 3 })).rejects.toMatchObject({
    code: "TRANSPORT_REJECTED",
    retryable: false,
    message: expect.stringMatching(/were replayed and could not be removed.*m0, m1, m2/) as string,
  });
});

test("what was dropped before SQS refused to drop more is dropped, with what was kept of it elsewhere", async () => {
  const { api, admin, check } = bury(2);
  api.kept.add("dead-1");
  await expect(admin.drop("q.dead", { first: 2 })).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
  expect([...check.bodies.keys()]).toEqual(["q/m1"]);
});
