import { expect } from "vitest";
import { recordFigures } from "../figures/record-figures.ts";
import { countsOf } from "../scene/counts-of.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";

const flood = depth.of(100_000);
const tenants = 2;
const concurrency = 4;

fault(44, "one tenant's flood does not keep another's single task waiting", async (scene) => {
  const app = scene.createApp();
  const order: string[] = [];
  const both = Promise.withResolvers<void>();
  const serve = app.task("serve", { ignoreResult: true }, async (tenant: string) => {
    order.push(tenant);
    await new Promise(setImmediate);
    if (tenant === "quiet") both.resolve();
  });
  const calls = Array.from({ length: flood }, (): [string] => ["loud"]);
  for (let sent = 0; sent < flood; sent += 1_000) {
    await serve.applyMany(calls.slice(sent, sent + 1_000), { key: "loud" });
  }
  await serve.applyAsync(["quiet"], { key: "quiet" });
  const startedAtMs = performance.now();
  await using worker = app.worker({ concurrency, prefetch: concurrency });
  await worker.start();
  await both.promise;
  const waitedMs = performance.now() - startedAtMs;
  await worker.stop({ timeout: "5s" });
  const { ready, delayed, unsettled } = await countsOf(app);

  expect(order.indexOf("quiet") + 1, "place of the single task").toBeLessThanOrEqual(tenants * concurrency);
  recordFigures({
    row: 44,
    broker: scene.broker,
    fault: `${flood} calls of one tenant before one of another`,
    accepted: flood + 1,
    // Neither run nor waiting. Most are not run here, so nobody knows how often each would be.
    lost: Math.max(0, flood + 1 - order.length - ready - delayed - unsettled),
    interrupted: 0,
    interruptedLimit: 0,
    timings: [{ name: "start of the single one", measuredMs: Math.round(waitedMs), limitMs: 1_000 }],
  });
});

fault(44, "a tenant that comes into a running flood is served in its turn", async (scene) => {
  const app = scene.createApp();
  const order: string[] = [];
  const served = Promise.withResolvers<void>();
  const serve = app.task("serve", { ignoreResult: true }, async (tenant: string) => {
    order.push(tenant);
    await new Promise(setImmediate);
    if (tenant === "quiet") served.resolve();
  });
  const calls = Array.from({ length: 2_000 }, (): [string] => ["loud"]);
  await serve.applyMany(calls, { key: "loud" });
  await using worker = app.worker({ concurrency, prefetch: concurrency });
  await worker.start();
  await serve.applyAsync(["quiet"], { key: "quiet" });
  const before = order.length;
  await served.promise;
  await worker.stop({ timeout: "5s" });
  // What was fetched before stays before it.
  expect(order.indexOf("quiet") - before).toBeLessThanOrEqual((tenants + 1) * concurrency);
});
