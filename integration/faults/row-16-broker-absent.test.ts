import { expect } from "vitest";
import { lovageProgram } from "../processes/node-program.ts";
import { appFile } from "../scene/app-file.ts";
import { fault } from "../scene/fault.ts";

const connectMs = 10_000;

fault(
  16,
  "an app whose broker is absent is told so in time, and works once the broker is there",
  async (scene) => {
    const app = scene.createApp();
    const echo = app.task("echo", (value: number) => value);
    await scene.host.kill();
    const startedAtMs = performance.now();
    await expect(app.worker().start()).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE", retryable: true });
    await expect(echo.delay(1)).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE", retryable: true });
    expect(performance.now() - startedAtMs, "ms for both").toBeLessThan(2 * connectMs);

    await scene.host.start();
    await using worker = app.worker();
    await worker.start();
    expect(await (await echo.delay(2)).get({ timeout: "10s" })).toBe(2);
    await worker.stop();
  },
  { needs: "ownServer" },
);

fault(
  16,
  "a worker process whose broker is absent ends with 1 and the reason",
  async (scene) => {
    await scene.host.kill();
    const startedAtMs = Date.now();
    const worker = scene.start("worker", lovageProgram(["-A", appFile("load.ts"), "worker"]));
    expect(await worker.waitForEnd(5 * connectMs)).toMatchObject({ code: 1, signal: null });
    expect(worker.exit!.atMs - startedAtMs).toBeLessThan(5 * connectMs);
    expect(worker.log).toMatch(/ECONNREFUSED|unavailable|cannot be reached/u);
    expect(worker.log, "no stack for what the user can mend").not.toMatch(/^\s+at /mu);
  },
  { needs: "ownServer" },
);
