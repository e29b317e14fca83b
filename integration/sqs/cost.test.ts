import { createApp } from "lovage";
import { describe, expect, it } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { SqsGateway } from "./sqs-gateway.ts";

const tasks = 10_000;
const batch = 1_000;

/** Waits for the beginning of the next poll, and counts from there. */
async function nextPoll(gateway: SqsGateway): Promise<void> {
  gateway.forget();
  await eventually(() => gateway.calls.has("ReceiveMessage"), { what: "a poll", withinMs: 30_000 });
}

/** On its disk the emulator would write down each batch, which is most of the time. */
const settings = ["memory"];

describeOwnServer("sqs", (start) => {
  // Two of them wait for polls of 20 s.
  describe.concurrent("the calls that cost", () => {
    it("publishes and drains 10 000 tasks in at most 3 300 calls", { timeout: 240_000 }, async ({ onTestFinished }) => {
      await using server = await start({ settings });
      await using gateway = await SqsGateway.open(server.port);
      const app = createApp({ name: "cost", broker: gateway.url, backend: "memory:", logLevel: "warn" });
      onTestFinished(() => app.close());
      let runs = 0;
      const nothing = app.task("cost.nothing", { ignoreResult: true }, () => void (runs += 1));
      for (let sent = 0; sent < tasks; sent += batch)
        await nothing.applyMany(Array.from({ length: batch }, (): [] => []));
      const worker = app.worker({ concurrency: 10 });
      await worker.start();
      await eventually(() => runs >= tasks, {
        what: "all tasks run",
        withinMs: 200_000,
        describe: () => `${runs} ran`,
      });
      await worker.stop();
      expect(runs).toBe(tasks);
      expect(gateway.count).toBeLessThanOrEqual(3_300);
    });

    it(
      "makes at most four calls a minute for a queue while nothing happens",
      { timeout: 120_000 },
      async ({ onTestFinished }) => {
        await using server = await start({ settings });
        await using gateway = await SqsGateway.open(server.port);
        const app = createApp({ name: "idle", broker: gateway.url, backend: "memory:", logLevel: "warn" });
        onTestFinished(() => app.close());
        app.task("idle.nothing", () => {});
        const worker = app.worker();
        await worker.start();
        await nextPoll(gateway);
        const startedAtMs = performance.now();
        // From one poll to the next nothing but waiting goes on: three polls fill a minute.
        await nextPoll(gateway);
        expect(gateway.count).toBe(1);
        expect(performance.now() - startedAtMs).toBeGreaterThan(19_000);
      },
    );

    it(
      "polls with several calls at once while there is much to do, and with one when there is nothing again",
      { timeout: 180_000 },
      async ({ onTestFinished }) => {
        await using server = await start({ settings });
        await using gateway = await SqsGateway.open(server.port);
        const app = createApp({ name: "busy", broker: gateway.url, backend: "memory:", logLevel: "warn" });
        onTestFinished(() => app.close());
        let runs = 0;
        const nothing = app.task("busy.nothing", { ignoreResult: true }, () => void (runs += 1));
        await nothing.applyMany(Array.from({ length: batch }, (): [] => []));
        const worker = app.worker({ concurrency: 100 });
        await worker.start();
        await eventually(() => runs >= batch, {
          what: "all tasks run",
          withinMs: 60_000,
          describe: () => `${runs} ran`,
        });
        expect(gateway.most.get("ReceiveMessage")).toBeGreaterThan(1);
        expect(gateway.most.get("ReceiveMessage")).toBeLessThanOrEqual(16);
        await eventually(() => gateway.underWay("ReceiveMessage") === 1, { what: "one poll alone", withinMs: 60_000 });
        await nextPoll(gateway);
        await nextPoll(gateway);
        // The thread that renews leases is there by now, and has nothing to do either.
        expect(gateway.count).toBe(1);
        // The poll under way brings it: nobody waits for the next one.
        await nothing.delay();
        await eventually(() => runs > batch, { what: "one task more", withinMs: 10_000 });
        await worker.stop();
      },
    );
  });
});
