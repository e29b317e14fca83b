import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { TransportUnavailableError } from "@lovage/transport";
import { virtualClock } from "@lovage/foundation";
import { expect, onTestFinished, test, vi } from "vitest";

import { sendInBatches } from "./batches.ts";
import { sendAll } from "./send.ts";
import { blankStamp } from "../message/stamp.ts";
import { SqsApi } from "../sqs-api.ts";

const entries = Array.from({ length: 25 }, (_, index) => ({ number: index }));

async function sentInOrder(fail: () => Error | undefined) {
  const api = new SqsApi({ endpoint: "http://localhost" }, virtualClock());
  const sent: number[] = [];
  const failures = await sendInBatches({
    api,
    queue: "q.fifo",
    entries,
    inOrder: true,
    send: async (batch) => {
      const error = fail();
      if (error !== undefined) throw error;
      sent.push(...batch.map(({ number }) => number));
      return [];
    },
  });
  api.close();
  return { sent, failures };
}

test("what is to keep its order does not overtake what could not be sent for the moment: all behind it is to be sent again as well", async () => {
  const away = new TransportUnavailableError("SQS is away.");
  let calls = 0;
  const { sent, failures } = await sentInOrder(() => ((calls += 1) === 2 ? away : undefined));
  expect(sent).toEqual([...entries.keys()].slice(0, 10));
  expect(failures.map(({ index }) => index)).toEqual([...entries.keys()].slice(10));
  expect(failures.every(({ error, isLost }) => error === away && !isLost)).toBe(true);
});

test("what SQS will never take holds up nobody", async () => {
  const refused = new Error("invalid");
  let calls = 0;
  const { sent, failures } = await sentInOrder(() => ((calls += 1) === 2 ? refused : undefined));
  expect(sent).toEqual([...entries.keys()].filter((index) => index < 10 || index >= 20));
  expect(failures).toHaveLength(10);
});

test.each([
  [1_048_576, [10, 2]],
  [262_144, [4, 4, 4]],
  [1_024, [4, 4, 4]],
])(
  "a batch is no larger than a queue surely takes: one of %i bytes is sent so many at a time: %j",
  async (maxBytes, counts) => {
    const api = new SqsApi({ endpoint: "http://localhost" }, virtualClock());
    onTestFinished(() => api.close());
    const sent: number[] = [];
    const send = async (command: unknown): Promise<object> => {
      if (command instanceof SendMessageBatchCommand) sent.push(command.input.Entries?.length ?? 0);
      return await Promise.resolve({});
    };
    vi.spyOn(api, "call").mockImplementation((made) =>
      made({ send } as unknown as SQSClient, { abortSignal: api.closing }),
    );
    const queue = {
      queue: "q",
      sqsName: "q",
      url: "http://localhost/q",
      isFifo: false,
      group: undefined,
      isShared: false,
    };
    const body = "a".repeat(60_000);
    await sendAll(
      api,
      { ...queue, maxBytes },
      Array.from({ length: 12 }, () => ({ body, stamp: blankStamp })),
    );
    expect(sent).toEqual(counts);
  },
);
