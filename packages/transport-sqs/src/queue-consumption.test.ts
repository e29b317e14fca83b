import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { describe, expect, it } from "vitest";

import { BrokerClock } from "./delays.ts";
import { LeaseTable } from "./lease-table.ts";
import { QueueConsumption } from "./queue-consumption.ts";
import type { QueueDirectory } from "./queue-directory.ts";
import type { SqsApi } from "./sqs-api.ts";

const leaseMs = 30_000;
const pollMs = 20_000;

/** A consumed queue of an SQS that has nothing. @returns the queues that were polled, in this order */
function consumeEmpty(clock: VirtualClock, queue: string): { consumption: QueueConsumption; polled: string[] } {
  const polled: string[] = [];
  const api: Pick<SqsApi, "closing" | "call"> = {
    closing: new AbortController().signal,
    call: async (_, options = {}) => {
      polled.push(options.queue ?? "");
      await clock.sleep(pollMs);
      return {} as never;
    },
  };
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
  return { consumption: new QueueConsumption({ context, queue, leaseMs, brokerClock }), polled };
}

describe("consuming a queue in which nothing is", () => {
  it("ends a claim when its poll has found nothing", async () => {
    const clock = virtualClock();
    const { consumption } = consumeEmpty(clock, "q");
    const claim = consumption.claim({ queue: "q", max: 10, leaseMs, suspects: false });
    await clock.advance(pollMs);
    expect(await Promise.race([claim, "still claiming"])).toMatchObject({ messages: [] });
  });

  it("looks for what a FIFO queue delays for as long as somebody claims", async () => {
    const clock = virtualClock();
    const { consumption, polled } = consumeEmpty(clock, "orders.fifo");
    const claim = async (): Promise<void> => {
      await consumption.claim({ queue: "orders.fifo", max: 10, leaseMs, suspects: false });
      void claim();
    };
    void claim();
    for (let poll = 1; poll <= 10; poll += 1) await clock.advance(pollMs);
    expect(polled.filter((queue) => queue === "orders.delay").length).toBeGreaterThanOrEqual(10);
  });
});
