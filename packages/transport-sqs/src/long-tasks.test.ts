import type { SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection } from "@lovage/transport";
import { afterEach, expect, test, vi } from "vitest";

import { SqsApi } from "./sqs-api.ts";
import { SqsStore } from "./store.ts";
import { QueueOfSqs } from "./test-support/queue-of-sqs.ts";

afterEach(() => void vi.restoreAllMocks());

const taskMs = { least: 240_000, spread: 120_000 } as const;

/** What a worker ran, and how many others it held at that moment. */
interface Run {
  readonly body: string;
  readonly beside: number;
}

/** A worker that is never without a task. */
async function busyWorker(clock: VirtualClock, runs: Run[]): Promise<Connection> {
  const settings = leaseSettings({});
  const queues = { q: "http://localhost/q", "q.dead": "http://localhost/q-dead" };
  const target = { endpoint: "http://localhost" };
  const store = new SqsStore({ target, prefix: "", queues, creates: false, clock, log: silentLog, settings });
  const connection = await openLeaseConnection({ store, opening: { clock, log: silentLog, name: "test" }, settings });
  await connection.declare({ queues: [{ name: "q" }] });
  const consumer = await connection.consume({
    queue: "q",
    prefetch: 10,
    onDelivery: (delivery) => {
      const body = Buffer.from(delivery.message.body).toString();
      runs.push({ body, beside: consumer.unsettled - 1 });
      const ms = body === "task" ? taskMs.least + ((runs.length * 7_919) % taskMs.spread) : 1_000;
      clock.timer(ms, () => void delivery.ack());
    },
  });
  return connection;
}

test("a message that was lost twice runs alone in the end, also beside tasks of several minutes", async () => {
  const clock = virtualClock();
  const sqs = new QueueOfSqs(clock);
  const client = { send: (command: unknown) => sqs.answer(command) } as unknown as SQSClient;
  vi.spyOn(SqsApi.prototype, "probe").mockResolvedValue();
  vi.spyOn(SqsApi.prototype, "call").mockImplementation((send) =>
    send(client, { abortSignal: new AbortController().signal }),
  );
  for (let task = 0; task < 2_000; task += 1) sqs.add("task");
  sqs.add("suspect", { receives: 2 });
  const runs: Run[] = [];
  const connection = await busyWorker(clock, runs);
  const suspects = (): Run[] => runs.filter(({ body }) => body === "suspect");
  for (let minute = 0; minute < 180 && suspects().length === 0; minute += 1) await clock.advance(60_000);
  expect(suspects()).toEqual([{ body: "suspect", beside: 0 }]);
  const closed = connection.close();
  await clock.advance(1_000);
  await closed;
});
