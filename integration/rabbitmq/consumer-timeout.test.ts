import { createApp } from "lovage";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";

const startMs = 150_000;

describeOwnServer("rabbitmq", (start) => {
  let server: OwnServer;
  beforeAll(async () => void (server = await start()), startMs);
  afterAll(async () => await server[Symbol.asyncDispose](), startMs);

  /** Starts a worker of an app with one task of an hour, and ends it after the test. */
  async function startHourly(query: string, driver?: Record<string, unknown>): Promise<void> {
    const queue = driver === undefined ? {} : { driver };
    const app = createApp({
      name: "shop",
      broker: `${server.url}${query}`,
      queues: { long: queue },
      logLevel: "error",
    });
    onTestFinished(async () => await app.close());
    app.task("hourly", { queue: "long", timeLimit: "1h" }, () => 1);
    await app.worker({ queues: ["long"] }).start();
  }

  test("row 26: a task that may outlast the consumer timeout is refused when its worker starts, naming the server's setting", async () => {
    await expect(startHourly("")).rejects.toMatchObject({
      code: "FEATURE_UNSUPPORTED",
      message: expect.stringMatching(
        /"hourly" may run for 1h .* for 30m.*consumer_timeout in rabbitmq\.conf/u,
      ) as string,
    });
    await expect(startHourly("?consumerTimeout=59m")).rejects.toMatchObject({ code: "FEATURE_UNSUPPORTED" });
  });

  test("row 26: it runs where Lovage was told of a longer one, for the server or for the queue", async () => {
    await expect(startHourly("?consumerTimeout=1h")).resolves.toBeUndefined();
    await expect(startHourly("", { consumerTimeout: "2h" })).resolves.toBeUndefined();
    await expect(startHourly("?consumerTimeout=2h", { consumerTimeout: "10m" })).rejects.toMatchObject({
      code: "FEATURE_UNSUPPORTED",
    });
  });
});
