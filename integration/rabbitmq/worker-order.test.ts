import { systemClock } from "@lovage/foundation";
import { createApp } from "lovage";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";

/** Longer than the second after which a worker takes its tasks for long. */
const taskMs = 1_300;

describeVhost((server) => {
  test("a worker whose slots are all taken by long tasks works in the order of the queue", async () => {
    const app = createApp({ name: "shop", broker: server.url, logLevel: "error" });
    onTestFinished(async () => await app.close());
    const begun: number[] = [];
    const step = app.task("step", { queue: "line" }, async (number: number) => {
      begun.push(number);
      await systemClock.sleep(taskMs);
    });
    const numbers = [1, 2, 3, 4, 5, 6];
    for (const number of numbers) await step.delay(number);
    const worker = app.worker({ queues: ["line"], concurrency: 1 });
    await worker.start();
    await eventually(() => begun.length >= numbers.length, { what: "all tasks", withinMs: 60_000 });
    await worker.stop();
    expect(begun).toEqual(numbers);
  });
});
