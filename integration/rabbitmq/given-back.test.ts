import { createApp } from "lovage";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";

describeVhost((server) => {
  test("a task that lost its worker, and was interrupted by a deploy then, runs to its end once", async () => {
    const app = createApp({ name: "shop", broker: server.url, backend: "memory://", logLevel: "error" });
    onTestFinished(async () => await app.close());
    let starts = 0;
    const pay = app.task("pay", { queue: "pay", expires: "1h", trackStarted: true, maxRetries: 0 }, async () => {
      starts += 1;
      const run = starts;
      if (run <= 2) await new Promise<never>(() => {});
      return run;
    });
    const begun = async (run: number): Promise<void> => {
      const isSo = async (): Promise<boolean> => starts === run && (await result.state()) === "STARTED";
      await eventually(isSo, { what: `run ${run}`, withinMs: 4_000 });
    };
    const first = app.worker({ queues: ["pay"], concurrency: 3 });
    await first.start();
    const result = await pay.delay();
    await begun(1);
    await server.execute("rabbitmqctl", ["close_all_connections", "--vhost", server.vhost, "a test"]);
    await begun(2);
    await first.stop({ timeout: 0 });
    const second = app.worker({ queues: ["pay"], concurrency: 3 });
    await second.start();
    expect(await result.get({ timeout: "30s" })).toBe(3);
    await second.stop();
    expect(starts).toBe(3);
  });
});
