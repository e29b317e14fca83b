import { expect } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { fault } from "../scene/fault.ts";

fault(
  51,
  "in a rolling deploy a new task waits beside old workers, uncharged, until a worker that knows it comes",
  async (scene) => {
    const old = scene.createApp();
    const known = old.task("known", () => "ok");
    await using oldWorker = old.worker();
    await oldWorker.start();
    const result = await scene.client.remote<() => number>("new").delay();
    expect(await (await known.delay()).get({ timeout: "10s" }), "old workers go on").toBe("ok");
    const isParked = async (): Promise<boolean> => {
      // Not every broker counts what is delayed.
      const { ready, delayed = 1 } = await scene.client.queue("default").stats();
      return ready === 0 && delayed === 1;
    };
    await eventually(isParked, { what: "a parked task", withinMs: 10_000 });

    const next = scene.createApp();
    next.task("known", () => "ok");
    next.task("new", { bind: true }, (task) => task.delivery.count);
    await using newWorker = next.worker();
    await newWorker.start();
    const startedAtMs = performance.now();
    // The old worker is still there, and may have it a few more times in between.
    await oldWorker.stop();
    expect(await result.get({ timeout: "20s" }), "deliveries that were charged").toBe(1);
    expect(performance.now() - startedAtMs).toBeLessThan(5 * 5_000);
    await newWorker.stop();
  },
);

fault(
  51,
  "a task that no worker learns to know in time becomes a dead letter, and its caller is told",
  async (scene) => {
    const app = scene.createApp({ unknownTaskTtl: "2s" });
    app.task("known", () => "ok");
    await using worker = app.worker();
    await worker.start();
    const result = await scene.client.remote<() => number>("never").delay();
    await expect(result.get({ timeout: "20s" })).rejects.toMatchObject({
      code: "REMOTE_TASK_FAILED",
      name: "UnknownTaskError",
    });
    const letters = await eventually(
      async () => {
        const dead = await scene.client.queue("default").dead.list();
        return dead.length > 0 && dead;
      },
      { what: "a dead letter", withinMs: 10_000 },
    );
    expect(letters.map(({ task, death }) => [task, death?.reason, death?.count])).toEqual([
      ["never", "unknown-task", 1],
    ]);
    await worker.stop();
  },
);
