import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLog, systemClock } from "@lovage/foundation";
import { createApp } from "lovage";
import type { App } from "lovage";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";

const queue = "orders.fifo";

/** An app of its own on one SQS, with results and limits in a file. Gone after the test. */
function appOn(port: number): App {
  const directory = mkdtempSync(path.join(tmpdir(), "lovage-fifo-"));
  const app = createApp({
    name: "fifo",
    broker: `sqs://test:test@127.0.0.1:${port}`,
    backend: `sqlite:${path.join(directory, "results.db")}`,
    log: silentLog,
    from: import.meta.filename,
  });
  onTestFinished(async () => {
    await app.close();
    rmSync(directory, { recursive: true });
  });
  return app;
}

describeOwnServer(
  "sqs",
  (start) => {
    it("receives each task once where they are long and more of them wait than run", { timeout: 120_000 }, async () => {
      await using server = await start();
      const app = appOn(server.port);
      const seen: { readonly redelivered: boolean; readonly count: number }[] = [];
      const long = app.task(
        "fifo.long",
        { queue, ignoreResult: true, bind: true },
        async ({ delivery }, ms: number) => {
          await systemClock.sleep(ms);
          seen.push({ redelivered: delivery.redelivered, count: delivery.count });
        },
      );
      for (let number = 0; number < 16; number += 1)
        await long.applyAsync([3_000 + 400 * (number % 4)], { key: `${number}` });
      const worker = app.worker({ concurrency: 3, queues: [queue] });
      await worker.start();
      await eventually(() => seen.length >= 16, { what: "all runs", withinMs: 90_000 });
      await worker.stop({ timeout: 0 });
      expect(seen).toEqual(Array.from({ length: 16 }, () => ({ redelivered: false, count: 1 })));
    });

    it("keeps the order of each key under a rate limit, over two workers", { timeout: 180_000 }, async () => {
      await using server = await start();
      const app = appOn(server.port);
      const ran: Record<string, number[]> = { x: [], y: [] };
      const startsMs: number[] = [];
      const limited = app.task(
        "fifo.limited",
        { queue, ignoreResult: true, rateLimit: "4/s" },
        (key: string, n: number) => {
          startsMs.push(performance.now());
          ran[key]!.push(n);
        },
      );
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      for (const key of ["x", "y"])
        await limited.applyMany(
          numbers.map((number) => [key, number] as const),
          { key },
        );
      const workers = [1, 2].map((concurrency) => app.worker({ concurrency, queues: [queue] }));
      for (const worker of workers) await worker.start();
      await eventually(() => startsMs.length >= 40, {
        what: "all runs",
        withinMs: 120_000,
        describe: () => JSON.stringify(ran),
      });
      await Promise.all(workers.map((worker) => worker.stop({ timeout: 0 })));
      expect(ran).toEqual({ x: numbers, y: numbers });
      expect(startsMs.at(-1)! - startsMs[0]!).toBeGreaterThan(39 * 250 - 1_000);
    });
  },
  ["private"],
);
