import { ChangeMessageVisibilityBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, virtualClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import { afterEach, expect, test, vi } from "vitest";

import { SqsApi } from "./sqs-api.ts";
import { SqsStore } from "./store.ts";
import { QueueOfSqs } from "./test-support/queue-of-sqs.ts";

afterEach(() => void vi.restoreAllMocks());

const names = ["slow", "quick"];
const taskMs = 55_000;

test("a queue with which SQS takes its time costs no suspect of another its last try", async () => {
  const clock = virtualClock();
  const all = names.flatMap((queue) => [queue, `${queue}.dead`]);
  const queues = new Map(all.map((queue) => [queue, new QueueOfSqs(clock, queue)]));
  vi.spyOn(SqsApi.prototype, "probe").mockResolvedValue();
  vi.spyOn(SqsApi.prototype, "call").mockImplementation((send, options) => {
    const answer = async (command: unknown): Promise<object> => {
      if (options?.queue === "slow" && command instanceof ChangeMessageVisibilityBatchCommand)
        await clock.sleep(25_000);
      return (await queues.get(options?.queue ?? "")?.answer(command)) ?? {};
    };
    return send({ send: answer } as unknown as SQSClient, { abortSignal: new AbortController().signal });
  });
  const settings = leaseSettings({});
  const predefined = Object.fromEntries(all.map((queue) => [queue, `http://localhost/${queue}`]));
  const target = { endpoint: "http://localhost" };
  const store = new SqsStore({
    target,
    prefix: "",
    queues: predefined,
    creates: false,
    clock,
    log: silentLog,
    settings,
  });
  const connection = await openLeaseConnection({ store, opening: { clock, log: silentLog, name: "test" }, settings });
  await connection.declare({ queues: names.map((name) => ({ name })) });
  for (const queue of names) {
    for (let task = 0; task < 3; task += 1) queues.get(queue)?.add("task");
    queues.get(queue)?.add("suspect", { receives: 2 });
  }
  const seen: string[] = [];
  for (const queue of names) {
    await connection.consume({
      queue,
      prefetch: 10,
      onDelivery: (delivery) => {
        const body = Buffer.from(delivery.message.body).toString();
        if (body === "suspect") seen.push(`${queue} runs its suspect, count ${delivery.count}`);
        clock.timer(body === "suspect" ? 100 : taskMs, () => void delivery.ack().catch(() => {}));
      },
      onExhausted: (delivery) => {
        seen.push(`${queue} gives its suspect up`);
        delivery.reject({ reason: "poison" }).catch(() => {});
      },
    });
  }
  for (let second = 0; second < 240; second += 1) await clock.advance(1_000);
  expect(seen.filter((each) => each.startsWith("quick"))).toEqual(["quick runs its suspect, count 3"]);
  const closed = connection.close();
  await clock.advance(60_000);
  await closed;
});
