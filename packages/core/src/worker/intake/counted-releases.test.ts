import type { Delivery } from "@lovage/transport";
import { afterEach, expect, test } from "vitest";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

/** A worker of a broker that counts what is given back; counts with it. */
const setUp = async () => {
  const seen = { deliveries: 0, releases: 0 };
  harness = await workerHarness({
    wrapConnection: (connection) =>
      changed(connection, {
        capabilitiesOf: (queue) => ({ ...connection.capabilitiesOf(queue), countsReleases: true }),
      }),
    onDelivery: (delivery: Delivery) => {
      seen.deliveries += 1;
      return changed(delivery, { release: (options) => ((seen.releases += 1), delivery.release(options)) });
    },
  });
  return { ...harness, seen };
};

test("a worker whose slots are all taken by long tasks takes each message once, and gives none back", async () => {
  const { app, clock, until, seen } = await setUp();
  let ended = 0;
  const task = app.task("long", { ignoreResult: true }, async (ms: number) => {
    await clock.sleep(ms);
    ended += 1;
  });
  await app.worker({ concurrency: 20 }).start();
  // Their ends are seconds apart.
  await task.applyMany(Array.from({ length: 100 }, (_, index) => [30_000 + 2_900 * (index % 20)] as const));
  await until(() => ended === 100, 600_000);
  expect(seen).toEqual({ deliveries: 100, releases: 0 });
});

test("a worker of two queues keeps what it has fetched while the tasks of the other take all slots", async () => {
  const { app, clock, until, seen } = await setUp();
  let ended = 0;
  const run = async (): Promise<void> => {
    await clock.sleep(7_000);
    ended += 1;
  };
  const tasks = ["one", "other"].map((queue) => app.task(`of-${queue}`, { queue, ignoreResult: true }, run));
  await app.worker({ concurrency: 3, queues: ["one", "other"] }).start();
  for (const task of tasks) await task.applyMany(Array.from({ length: 40 }, () => [] as const));
  await until(() => ended === 80, 600_000);
  expect(seen).toEqual({ deliveries: 80, releases: 0 });
});
