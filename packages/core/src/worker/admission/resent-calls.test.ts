import type { Delivery, OutgoingMessage } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

/** Fences as RabbitMQ gives them: each message has its own. */
function ownFences(): (delivery: Delivery) => Delivery {
  const fences = new Map<OutgoingMessage["body"], number>();
  return (delivery) => {
    const { body } = delivery.message;
    const fence = (fences.get(body) ?? 0) + 1;
    fences.set(body, fence);
    return changed(delivery, { fence });
  };
}

describe("a call that is sent again under its id after it has failed", () => {
  test.each(["counted over all messages", "counted for each message"])(
    "runs once, and its success is the result (fences are %s)",
    async (counted) => {
      harness = await workerHarness(counted.endsWith("each message") ? { onDelivery: ownFences() } : {});
      const { app, clock, dead, until, resultOf, waiting } = harness;
      let runs = 0;
      let isBroken = true;
      const options = { bind: true, trackStarted: true } as const;
      const pay = app.task("pay", options, async (task) => {
        runs += 1;
        await task.updateState("ASKING");
        if (runs <= 2) await new Promise(() => {});
        if (isBroken) throw new Error("declined");
        return "paid";
      });
      // Given back twice before it fails: its record has the fence of its third delivery.
      const called = await pay.applyAsync([], { taskId: "order-1" });
      for (const expected of [1, 2]) {
        const worker = app.worker();
        await worker.start();
        await until(() => runs === expected);
        await worker.stop({ timeout: 0 });
      }
      await app.worker().start();
      await until(async () => (await dead()).length === 1);
      [isBroken, runs] = [false, 10];
      await pay.applyAsync([], { taskId: "order-1" });
      await clock.advance(60_000);
      expect([runs, await resultOf("order-1")]).toMatchObject([11, { state: "SUCCESS", value: "paid" }]);
      await expect(called.get()).resolves.toBe("paid");
      expect([await waiting(), await waiting("unsettled")]).toEqual([[], []]);
    },
  );

  test("and fails again, is a dead letter again", async () => {
    harness = await workerHarness({ onDelivery: ownFences() });
    const { app, clock, dead, until } = harness;
    let runs = 0;
    const pay = app.task("pay", { retryFor: true, maxRetries: 1, retryBackoff: 0 }, () => {
      runs += 1;
      throw new Error("declined");
    });
    await app.worker().start();
    await pay.applyAsync([], { taskId: "order-1" });
    await until(async () => (await dead()).length === 1);
    await pay.applyAsync([], { taskId: "order-1" });
    await clock.advance(60_000);
    expect([runs, (await dead()).length]).toEqual([4, 2]);
  });
});
