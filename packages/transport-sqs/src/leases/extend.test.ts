import {
  SendMessageBatchCommand,
  type BatchResultErrorEntry,
  type ChangeMessageVisibilityBatchCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { silentLog, virtualClock } from "@lovage/foundation";
import type { Lease, Unrenewed } from "@lovage/lease-engine";
import { expect, test, vi } from "vitest";

import { readArrival } from "../message/arrival.ts";
import { extendLeases } from "./extend.ts";
import { LeaseTable } from "./lease-table.ts";
import { QueueDirectory } from "../queues/queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";
import type { SqsContext } from "../sqs-context.ts";

const leaseMs = 30_000;
const queue = {
  queue: "q",
  sqsName: "q",
  url: "http://localhost/q",
  isFifo: false,
  maxBytes: 1_000,
  group: undefined,
  isShared: false,
};
const gone: Omit<BatchResultErrorEntry, "Id"> = {
  Code: "InvalidParameterValue",
  SenderFault: true,
  Message:
    "Value x for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.",
};
const busy: Omit<BatchResultErrorEntry, "Id"> = { Code: "InternalError", SenderFault: false };

/** Fails the messages with these handles, again and again, without waiting between tries. */
class FailingApi extends SqsApi {
  readonly #failures: ReadonlyMap<string, Omit<BatchResultErrorEntry, "Id">>;

  constructor(failures: ReadonlyMap<string, Omit<BatchResultErrorEntry, "Id">>) {
    super({ endpoint: "http://localhost" }, virtualClock());
    this.#failures = failures;
  }

  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    const answer = async (command: ChangeMessageVisibilityBatchCommand | SendMessageBatchCommand): Promise<object> => {
      // What goes back is put off, and put off again.
      if (command instanceof SendMessageBatchCommand) return await new Promise(() => {});
      return this.#extend(command);
    };
    return await send({ send: answer } as unknown as SQSClient, { abortSignal: this.closing });
  }

  #extend({ input }: ChangeMessageVisibilityBatchCommand): object {
    return {
      Failed: (input.Entries ?? []).flatMap(({ Id, ReceiptHandle = "" }) => {
        const failure = this.#failures.get(ReceiptHandle);
        return failure === undefined ? [] : [{ Id, ...failure }];
      }),
    };
  }

  override async pause(): Promise<void> {}
}

/** Holds as many messages, asks for them all in the midst of their leases, and tells which of them are held past these. */
async function extendOf(
  count: number,
  failures: Readonly<Record<string, Omit<BatchResultErrorEntry, "Id">>>,
): Promise<{
  readonly leases: readonly Lease[];
  readonly answer: Unrenewed | null;
  readonly kept: readonly boolean[];
}> {
  const clock = virtualClock();
  const api = new FailingApi(new Map(Object.entries(failures)));
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: {} });
  const table = new LeaseTable();
  const context: SqsContext = { api, clock, log: silentLog, directory, table, claims: undefined };
  const until = clock.monotonic() + leaseMs;
  const leases = Array.from(
    { length: count },
    (_, index) =>
      table.add(
        "q",
        readArrival("q", { MessageId: `id-${index}`, ReceiptHandle: `h${index}` }, clock.monotonic()),
        until,
      ).lease,
  );
  await clock.advance(leaseMs / 2);
  const answer = await extendLeases(context, { queue, leases, leaseMs, ceilingMs: Infinity });
  return { leases, answer, kept: leases.map((lease) => table.find(lease, until + 1) !== undefined) };
}

const allBut = (count: number, not: number): boolean[] => Array.from({ length: count }, (_, index) => index !== not);

test("a message that is gone costs no other its lease", async () => {
  const { leases, answer, kept } = await extendOf(10, { h3: gone });
  expect(answer).toEqual({ lost: [leases[3]] });
  expect(kept).toEqual(allBut(10, 3));
});

test("one that cannot be prolonged for now costs no other its lease, and is not taken for prolonged", async () => {
  const { leases, answer, kept } = await extendOf(10, { h3: busy });
  expect(answer).toEqual({ lost: [], left: [leases[3]] });
  expect(kept).toEqual(allBut(10, 3));
});

test("what is lost and what could not be prolonged are told apart", async () => {
  const { leases, answer } = await extendOf(3, { h0: gone, h2: busy });
  expect(answer).toEqual({ lost: [leases[0]], left: [leases[2]] });
});

test("one that is given back after nearly twelve hours, while SQS takes its time, costs no other its lease", async () => {
  const clock = virtualClock();
  const api = new FailingApi(new Map());
  const predefined = { q: queue.url };
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined });
  vi.spyOn(directory, "require").mockResolvedValue(queue);
  const table = new LeaseTable();
  const context: SqsContext = { api, clock, log: silentLog, directory, table, claims: undefined };
  const ceilingMs = 60_000;
  const add = (id: string): Lease => {
    const arrival = readArrival("q", { MessageId: id, ReceiptHandle: id }, clock.monotonic());
    return table.add("q", arrival, ceilingMs + leaseMs).lease;
  };
  const old = add("old");
  await clock.advance(ceilingMs);
  const young = add("young");
  let answer: Unrenewed | null | undefined;
  void extendLeases(context, { queue, leases: [old, young], leaseMs, ceilingMs }).then((given) => (answer = given));
  await clock.advance(leaseMs / 3);
  expect(answer).toEqual({ lost: [old] });
  expect(table.find(young, ceilingMs + leaseMs - 1)).toBeDefined();
});

test("where nothing could be done the cause is told", async () => {
  await expect(extendOf(2, { h0: busy, h1: busy })).rejects.toMatchObject({ code: "TRANSPORT_BUSY" });
});
