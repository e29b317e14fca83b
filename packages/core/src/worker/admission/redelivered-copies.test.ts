import type { Delivery } from "@lovage/transport";
import { afterEach, expect, test } from "vitest";
import { encodeResult } from "../../protocol/encode-result.ts";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const call = { headers: { id: "pay-1", task: "pay" } };

/** A call that has succeeded, and whose worker was killed before the acknowledgement. */
async function setUp(): Promise<WorkerHarness> {
  let isFirst = true;
  const onDelivery = (delivery: Delivery): Delivery => {
    if (!isFirst) return delivery;
    isFirst = false;
    return changed(delivery, { redelivered: true, count: 2 });
  };
  harness = await workerHarness({ onDelivery });
  const document = encodeResult({ taskId: "pay-1", state: "SUCCESS", value: "paid" });
  const stored = { taskId: "pay-1", state: "SUCCESS", document, fence: [0, 1], expiresInMs: 3_600_000 } as const;
  await harness.backend.results?.put([stored]);
  return harness;
}

test("what is done is not run again by whoever gets the copy of a worker that did not know the task", async () => {
  const { app, clock, send, waiting, until } = await setUp();
  await send(call);
  await app.worker({ queues: ["default"] }).start();
  await until(async () => (await waiting("delayed")).length === 1);
  let runs = 0;
  app.task("pay", () => void (runs += 1));
  await clock.advance(20_000);
  expect([runs, await waiting(), await waiting("delayed")]).toEqual([0, [], []]);
});
