import type { App, Worker } from "lovage";
import { expect } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { countsOf } from "../scene/counts-of.ts";
import type { Counts } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";
import type { Scene } from "../scene/scene.ts";

/** Five times the limit of 2 s, as for all limits in time, and still far less than the grace: what has nothing to finish ends at once. */
const promptMs = 5 * 2_000;

fault(
  11,
  "stopping and closing three times at once, while tasks run, ends once and gives back what did not end",
  async (scene) => {
    const { app, worker } = await startBusyWorker(scene);
    await promptly(() => Promise.all([1, 2, 3].map(() => worker.stop({ timeout: 0 }))));
    await promptly(() => worker.stop());
    expect(worker.health()).toMatchObject({ state: "stopped", running: 0 });
    await untilGivenBack(scene.client);
    await promptly(() => Promise.all([1, 2, 3].map(() => app.close())));
    await promptly(() => app.close());
  },
);

fault(11, "stopping and closing before anything was started resolves, and nothing starts afterwards", async (scene) => {
  const app = scene.createApp();
  const worker = app.worker();
  await promptly(() => Promise.all([worker.stop(), worker.stop(), worker.stop()]));
  await expect(worker.start()).rejects.toMatchObject({ code: "CLOSED" });
  await promptly(() => Promise.all([app.close(), app.close(), app.close()]));
  await expect(app.ready()).rejects.toMatchObject({ code: "CLOSED" });
});

fault(11, "stopping while starting resolves", async (scene) => {
  const app = scene.createApp();
  const worker = app.worker();
  const starting = worker.start().catch((error: unknown) => error);
  await promptly(() => worker.stop({ timeout: 0 }));
  await promptly(async () => await starting);
  expect(worker.health().state).toBe("stopped");
});

fault(
  11,
  "closing after the broker is gone resolves",
  async (scene) => {
    const { app, worker } = await startBusyWorker(scene);
    await scene.host.remove();
    await promptly(() => Promise.all([worker.stop({ timeout: 0 }), worker.stop({ timeout: 0 }), worker.stop()]));
    await promptly(() => Promise.all([app.close(), app.close()]));
  },
  { needs: "ownServer" },
);

/** A worker in this process, with a task that runs until it is aborted. */
async function startBusyWorker(scene: Scene): Promise<{ readonly app: App; readonly worker: Worker }> {
  const app = scene.createApp();
  const started = Promise.withResolvers<void>();
  const stay = app.task("stay", { bind: true }, async (task) => {
    started.resolve();
    await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
  });
  const worker = app.worker();
  await worker.start();
  await stay.delay();
  await started.promise;
  return { app, worker };
}

/** Sooner than its lease ends. A poll of SQS that was under way may bring it once more, and gives it back as well. */
async function untilGivenBack(client: App): Promise<void> {
  const stoppedAtMs = performance.now();
  let counts: Counts | undefined;
  const isBack = async (): Promise<boolean> => {
    counts = await countsOf(client);
    return counts.ready === 1 && counts.unsettled === 0;
  };
  const describe = (): string => JSON.stringify(counts);
  await eventually(isBack, { what: "the task, given back", withinMs: pace.leaseMs, describe });
  expect(performance.now() - stoppedAtMs, "ms").toBeLessThan(pace.leaseMs);
}

async function promptly(act: () => Promise<unknown>): Promise<void> {
  const startedAtMs = performance.now();
  await act();
  expect(performance.now() - startedAtMs, "ms").toBeLessThan(promptMs);
}
