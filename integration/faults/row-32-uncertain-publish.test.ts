import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { eventually } from "../processes/eventually.ts";
import { fault } from "../scene/fault.ts";
import { refusedCode } from "../scene/refused-code.ts";

const calls = 20;

fault(
  32,
  "a producer that loses its connection before the answer is told so or accepted, nothing is doubled unasked, and sending again under the same id records one result",
  async (scene) => {
    const proxy = await scene.host.openProxy();
    const app = scene.createApp({}, scene.host.placeBehind(proxy));
    const remote = app.remote<() => void>("load.pass");
    await remote.applyAsync([], { taskId: randomUUID() });
    await eventually(async () => (await scene.client.queue("default").stats()).ready === 1, {
      what: "the first call",
      withinMs: 10_000,
    });
    const ids = Array.from({ length: calls }, () => randomUUID());
    proxy.set({ down: { isBlackHole: true } });
    const codes = Promise.all(ids.map((taskId) => refusedCode(remote.applyAsync([], { taskId }))));
    await eventually(async () => (await scene.client.queue("default").stats()).ready > 1, {
      what: "calls that have arrived",
      withinMs: 10_000,
    });
    proxy.cut();
    proxy.heal();
    const told = (await codes).filter((code) => code !== undefined);
    expect(told.filter((code) => code !== "PUBLISH_UNCERTAIN" && code !== "PUBLISH_TIMEOUT")).toEqual([]);
    const { ready } = await scene.client.queue("default").stats();
    expect(ready, "none was doubled behind the caller's back").toBeLessThanOrEqual(calls + 1);
    expect(ready, "what was not told as uncertain is there").toBeGreaterThanOrEqual(calls + 1 - told.length);
    for (const taskId of ids) await remote.applyAsync([], { taskId });

    await scene.startWorker({ concurrency: 1 });
    await Promise.all(ids.map((taskId) => scene.client.result(taskId).get({ timeout: "30s" })));
    await scene.untilEmpty();
    const verdict = judge(scene.entries);
    recordFigures({
      row: 32,
      broker: scene.broker,
      fault: `connection lost before the answer to a publish; ${told.length} of ${calls} calls told as uncertain, all sent again`,
      ...figuresOf({ ...verdict, accepted: calls + 1 }),
      interruptedLimit: 0,
      // No store drops the second copy of a call yet: it runs again, and what is recorded first stays.
      doubledLimit: calls,
      timings: [],
    });
  },
);
