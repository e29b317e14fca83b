import { ChangeMessageVisibilityBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test, vi } from "vitest";

import { LeaseTable, type Held } from "../leases/lease-table.ts";
import { readArrival } from "../message/arrival.ts";
import { QueueDirectory } from "../queues/queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";
import { GroupLines } from "./group-lines.ts";
import { fifoQueue as queue } from "../test-support/fifo-queue.ts";

const leaseMs = 30_000;

/** Three messages of a group that were received together: what is next when the first was done after so long, and what goes back then, or when nobody claims any more. */
async function afterFirst(
  taskMs: number,
): Promise<{ readonly next: readonly string[]; readonly shown: readonly string[] }> {
  const clock = virtualClock();
  const api = new SqsApi({ endpoint: "http://localhost" }, clock);
  const [next, shown] = [[], []] as [string[], string[]];
  const send = async (command: unknown): Promise<object> => {
    if (!(command instanceof ChangeMessageVisibilityBatchCommand)) return {};
    for (const { ReceiptHandle = "", VisibilityTimeout } of command.input.Entries ?? []) {
      if (VisibilityTimeout === 0) shown.push(ReceiptHandle);
    }
    return {};
  };
  vi.spyOn(api, "call").mockImplementation((call) =>
    call({ send } as unknown as SQSClient, { abortSignal: api.closing }),
  );
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: {} });
  vi.spyOn(directory, "require").mockResolvedValue(queue);
  const table = new LeaseTable();
  const context = { api, clock, log: silentLog, directory, table, claims: undefined };
  const onTurn = ({ arrival }: Held): void => void next.push(arrival.sqsId);
  const lines = new GroupLines({ context, queue: "q.fifo", leaseMs, onTurn });
  const held = ["a", "b", "c"].map((id) => {
    const given = { MessageId: id, ReceiptHandle: id, Attributes: { MessageGroupId: "tenant" } };
    return table.add("q.fifo", readArrival("q.fifo", given, clock.monotonic()), Infinity);
  });
  const [first] = lines.admit(held);
  await clock.advance(taskMs);
  table.removeDeleted(first!);
  await lines.giveUp();
  return { next, shown };
}

test("what waited in line for long goes back when its turn comes: SQS could not hold it for as long as one that has just come", async () => {
  expect(await afterFirst(2 * 3_600_000)).toEqual({ next: [], shown: ["b", "c"] });
});

test("what waited in line for a while is next", async () => {
  expect(await afterFirst(60_000)).toEqual({ next: ["b"], shown: ["c"] });
});
