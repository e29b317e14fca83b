import { TransportUnavailableError } from "@lovage/transport";
import { virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { sendInBatches } from "./batches.ts";
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
