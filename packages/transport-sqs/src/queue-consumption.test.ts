import type { SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { describe, expect, it } from "vitest";

import { BrokerClock } from "./delays.ts";
import { LeaseTable } from "./lease-table.ts";
import { QueueConsumption } from "./queue-consumption.ts";
import type { QueueDirectory } from "./queue-directory.ts";
import type { SqsApi } from "./sqs-api.ts";

const leaseMs = 30_000;
const pollMs = 20_000;

/** A consumed queue of an SQS that answers each receive so. What fails is tried again. */
function consume(clock: VirtualClock, queue: string, answer: (queue: string) => Promise<object>): QueueConsumption {
  const call: SqsApi["call"] = async (send, options) => {
    const client = { send: async () => await answer(options?.queue ?? "") };
    for (;;) {
      try {
        return await send(client as unknown as SQSClient, { abortSignal: closing });
      } catch {
        // Made again, as SqsApi does.
      }
    }
  };
  const closing = new AbortController().signal;
  const api: Pick<SqsApi, "closing" | "call"> = { closing, call };
  const directory: Pick<QueueDirectory, "require"> = {
    require: (name) =>
      Promise.resolve({
        queue: name,
        sqsName: name,
        url: name,
        isFifo: true,
        maxBytes: 1,
        group: undefined,
        isShared: false,
      }),
  };
  const context = {
    api: api as SqsApi,
    directory: directory as QueueDirectory,
    clock,
    log: silentLog,
    table: new LeaseTable(),
    claims: undefined,
  };
  const brokerClock = new BrokerClock(() => clock.now());
  return new QueueConsumption({ context, queue, leaseMs, brokerClock });
}

describe("consuming a queue in which nothing is", () => {
  it("ends a claim when its poll has found nothing", async () => {
    const clock = virtualClock();
    const consumption = consume(clock, "q", () => clock.sleep(pollMs).then(() => ({})));
    const claim = consumption.claim({ queue: "q", max: 10, leaseMs, suspects: false });
    await clock.advance(pollMs);
    expect(await Promise.race([claim, Promise.resolve("still claiming")])).toMatchObject({ messages: [] });
  });

  it("looks for what a FIFO queue delays for as long as somebody claims", async () => {
    const clock = virtualClock();
    const polled: string[] = [];
    const consumption = consume(clock, "orders.fifo", async (queue) => {
      polled.push(queue);
      await clock.sleep(pollMs);
      return {};
    });
    const claim = async (): Promise<void> => {
      await consumption.claim({ queue: "orders.fifo", max: 10, leaseMs, suspects: false });
      void claim();
    };
    void claim();
    for (let poll = 1; poll <= 10; poll += 1) await clock.advance(pollMs);
    expect(polled.filter((queue) => queue === "orders.delay").length).toBeGreaterThanOrEqual(10);
  });
});

describe("the end of consuming a FIFO queue", () => {
  it("waits for the poll of its delays too, and lets no other begin", async () => {
    const clock = virtualClock();
    const polled: string[] = [];
    let underWay = 0;
    const consumption = consume(clock, "orders.fifo", async (queue) => {
      polled.push(queue);
      underWay += 1;
      await clock.sleep(queue === "orders.delay" ? 1.2 * pollMs : pollMs);
      underWay -= 1;
      return {};
    });
    const end = new AbortController();
    void consumption.claim({ queue: "orders.fifo", max: 10, leaseMs, suspects: false, signal: end.signal });
    await clock.advance(pollMs / 2);
    end.abort();
    let openPolls: number | undefined;
    const over = consumption.claimsOver().then(() => (openPolls = underWay));
    await clock.advance(2 * pollMs);
    await over;
    expect(openPolls).toBe(0);
    expect(polled).toEqual(["orders.delay", "orders.fifo"]);
  });
});

describe("a poll whose connection breaks", () => {
  it("gives what its last try brought, for a lease from then on", async () => {
    const clock = virtualClock();
    let tries = 0;
    const consumption = consume(clock, "q", async () => {
      tries += 1;
      await clock.sleep(tries < 3 ? pollMs : 100);
      if (tries < 3) throw new Error("socket hang up");
      const Attributes = { ApproximateReceiveCount: "1", ApproximateFirstReceiveTimestamp: String(clock.now()) };
      return { Messages: [{ MessageId: "m", ReceiptHandle: "h", Body: "{}", Attributes }] };
    });
    const claim = consumption.claim({ queue: "q", max: 10, leaseMs, suspects: false });
    await clock.advance(2 * pollMs);
    const answeringAtMs = clock.monotonic();
    await clock.advance(100);
    const { messages, leasedAtMs } = await claim;
    expect(messages).toHaveLength(1);
    expect(leasedAtMs).toBeGreaterThanOrEqual(answeringAtMs);
  });
});
