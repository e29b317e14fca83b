import { ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { LeaseTable } from "../leases/lease-table.ts";
import { QueueDirectory, type KnownQueue } from "../queues/queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";
import { QueueOfSqs } from "../test-support/queue-of-sqs.ts";
import { scan } from "./scan.ts";

const queue: KnownQueue = {
  queue: "q.dead",
  sqsName: "q-dead",
  url: "http://localhost/q-dead",
  isFifo: false,
  maxBytes: 1_048_576,
  group: undefined,
  isShared: false,
};

/** A queue of few messages, none of which is on a server that a short poll asks. */
class SpreadApi extends SqsApi {
  readonly queue: QueueOfSqs;

  constructor(clock: VirtualClock) {
    super({ endpoint: "http://localhost" }, clock);
    this.queue = new QueueOfSqs(clock);
  }

  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    const answer = async (command: unknown): Promise<object> => {
      const isShort = command instanceof ReceiveMessageCommand && (command.input.WaitTimeSeconds ?? 0) === 0;
      return isShort ? {} : await this.queue.answer(command);
    };
    return await send({ send: answer } as unknown as SQSClient, { abortSignal: this.closing });
  }
}

test("a look at a queue finds what is there, on whatever server of SQS", async () => {
  const clock = virtualClock();
  const api = new SpreadApi(clock);
  for (const body of ["a", "b", "c"]) api.queue.add(body);
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: {} });
  const context = { api, clock, log: silentLog, directory, table: new LeaseTable(), claims: undefined };
  const seen: string[] = [];
  const visit = (arrivals: readonly { readonly body: string }[]): Promise<readonly []> => {
    seen.push(...arrivals.map(({ body }) => body));
    return Promise.resolve([]);
  };
  const scanned = scan(context, { queue, most: 10, visit });
  await clock.advance(2_000);
  await scanned;
  expect(seen.toSorted()).toEqual(["a", "b", "c"]);
});
