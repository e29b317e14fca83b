import { ChangeMessageVisibilityBatchCommand, DeleteMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { readArrival } from "./arrival.ts";
import { LeaseTable } from "./lease-table.ts";
import { QueueDirectory } from "./queue-directory.ts";
import { settleDeliveries, type Settling } from "./settle.ts";
import { SqsApi } from "./sqs-api.ts";

const leaseMs = 30_000;
const queue = {
  queue: "q.fifo",
  sqsName: "q.fifo",
  url: "http://localhost/q.fifo",
  isFifo: true,
  maxBytes: 1_000,
  group: undefined,
  isShared: false,
};

/** Answers commands as `answer` says, without waiting between tries. */
class ScriptedApi extends SqsApi {
  readonly #answer: (command: unknown) => object;

  constructor(answer: (command: unknown) => object) {
    super({ endpoint: "http://localhost" }, virtualClock());
    this.#answer = answer;
  }

  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    const client = { send: async (command: unknown) => this.#answer(command) } as unknown as SQSClient;
    return await send(client, { abortSignal: this.closing });
  }

  override async pause(): Promise<void> {}
}

function settling(answer: (command: unknown) => object): Settling {
  const api = new ScriptedApi(answer);
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: {} });
  const context = { api, clock: virtualClock(), log: silentLog, directory, table: new LeaseTable(), claims: undefined };
  return { ...context, queue, leaseMs };
}

test("a release that SQS has carried out is not made again because an acknowledgement beside it failed for the moment", async () => {
  let isBusy = true;
  const shown: string[] = [];
  const it = settling((command) => {
    if (command instanceof DeleteMessageBatchCommand && isBusy) {
      return { Failed: [{ Id: "0", Code: "InternalError", SenderFault: false }] };
    }
    if (command instanceof ChangeMessageVisibilityBatchCommand) {
      shown.push(...(command.input.Entries ?? []).map(({ ReceiptHandle = "" }) => ReceiptHandle));
    }
    return {};
  });
  const hold = (id: string) =>
    it.table.add(queue.queue, readArrival(queue.queue, { MessageId: id, ReceiptHandle: `handle-${id}` }, 0), leaseMs)
      .lease;
  const settlements = [
    { kind: "ack", lease: hold("done") },
    { kind: "release", lease: hold("back"), delayMs: 0 },
  ] as const;
  await expect(settleDeliveries(it, settlements)).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
  expect(shown).toEqual(["handle-back"]);
  isBusy = false;
  expect(await settleDeliveries(it, settlements)).toBeNull();
  expect(shown).toEqual(["handle-back"]);
});
