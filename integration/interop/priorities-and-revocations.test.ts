import { expect, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeInterop } from "./scene/describe-interop.ts";
import type { InteropScene } from "./scene/interop-scene.ts";

const soon = { timeout: "60s" } as const;
const begin = (scene: InteropScene): Promise<unknown> =>
  Promise.all([scene.startPythonWorker(), scene.startLovageWorker(), scene.python]);

/** Waits until one of the processes has written this. */
async function logged(scene: InteropScene, text: string): Promise<void> {
  await eventually(() => scene.logs().includes(text), { what: `"${text}" in a log`, withinMs: 10_000 });
}

describeInterop("priorities", { features: ["priorities"], begin }, (scene) => {
  test("of every number reach the workers of the other language", async () => {
    const python = await scene().python;
    const add = scene().client.remote<(x: number, y: number) => number>("py.add");
    for (let priority = 0; priority <= 9; priority += 1) {
      const there = await add.applyAsync([priority, 1], { priority });
      const id = await python.send("ts.add", { args: [priority, 2], options: { priority } });
      expect(await there.get(soon)).toBe(priority + 1);
      expect(await python.get(id)).toMatchObject({ state: "SUCCESS", value: priority + 2 });
    }
  });

  test("above 9, as Python may give them, do not keep a call from being retried", async () => {
    const python = await scene().python;
    const id = await python.send("ts.retry", { args: [1], options: { priority: 10 } });
    expect(await python.get(id)).toMatchObject({ state: "SUCCESS", value: 1 });
  });
});

describeInterop("a revocation", { features: ["control"], begin }, (scene) => {
  test("of a call that waits is heeded by the workers of the other language", async () => {
    const python = await scene().python;
    const echo = scene().client.remote("py.echo");
    const there = await echo.applyAsync([], { countdown: "4s" });
    const id = await python.send("ts.echo", { options: { countdown: 4 } });
    // A worker of Celery's that holds it must give it up; one that gets it later must remember.
    if (scene().broker.delays === "worker") await logged(scene(), `py.echo[${there.id}] received`);
    expect(await there.cancel()).toBe(true);
    await python.revoke(id);
    const revoked = { state: "REVOKED", error: { type: "TaskRevokedError" } };
    for (const reading of await scene().readings(there.id, "lovage")) expect(reading).toMatchObject(revoked);
    await logged(scene(), `Discarding revoked task: py.echo[${there.id}]`);
    for (const reading of await scene().readings(id, "python")) expect(reading).toMatchObject(revoked);
  });
});
