import { expect } from "vitest";
import { recordFigures, sound } from "../figures/record-figures.ts";
import { eventually } from "../processes/eventually.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import { unhurriedPace } from "../scene/pace.ts";

const many = depth.name === "full" ? 1_000_000 : 20_000;
const batch = 1_000;
/** Long enough that all have been sent before they are due. */
const sendMs = depth.name === "full" ? 300_000 : 15_000;
const rounds = 100;
/** What a flood may cost those beside it in any case: here it shares their event loop and two cores, and an emulator those of all. */
const busyMinMs = { server: 200, emulator: 600 };

fault(
  40,
  "very many calls that are due in the same second start in time, and other queues do not wait for them",
  async (scene) => {
    const delayed = scene.bulk(many);
    // A broker that takes fewer takes longer for each.
    const aheadMs = delayed < many ? 3 * sendMs : sendMs;
    const app = scene.createApp();
    const ran = new Set<string>();
    let runs = 0;
    let firstAtMs = Infinity;
    const pass = app.task("pass", { ignoreResult: true, bind: true }, (task) => {
      ran.add(task.id);
      runs += 1;
      firstAtMs = Math.min(firstAtMs, Date.now());
    });
    const echo = app.task("echo", { queue: "other" }, (value: number) => value);
    const eta = new Date(Date.now() + aheadMs);
    for (let sent = 0; sent < delayed; sent += batch) {
      await pass.applyMany(
        Array.from({ length: batch }, (): [] => []),
        { eta },
      );
    }
    expect(Date.now(), "sent in time").toBeLessThan(eta.getTime());
    const elsewhere = scene.createApp();
    elsewhere.task("echo", { queue: "other" }, (value: number) => value);
    await using other = elsewhere.worker({ queues: ["other"] });
    await other.start();
    const roundTrips = async (): Promise<number> => {
      const taken: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const startedAtMs = performance.now();
        await (await echo.delay(round)).get({ timeout: "20s" });
        taken.push(performance.now() - startedAtMs);
      }
      return taken.toSorted((a, b) => a - b)[Math.floor(rounds * 0.99)]!;
    };
    const calmMs = await roundTrips();
    await using worker = app.worker({ queues: ["default"] });
    await worker.start();
    await eventually(() => Date.now() >= eta.getTime(), { what: "the instant", withinMs: aheadMs });
    const busyMs = await roundTrips();
    await eventually(() => ran.size >= delayed, {
      what: `${delayed} runs`,
      withinMs: 60_000 * depth.patience,
      describe: () => `${ran.size}`,
    });
    await Promise.all([worker.stop(), other.stop()]);
    expect(ran.size).toBe(delayed);
    expect(runs, "none ran twice").toBe(delayed);
    expect(firstAtMs, "early").toBeGreaterThanOrEqual(eta.getTime() - 50);
    recordFigures({
      row: 40,
      broker: scene.broker,
      fault: `${delayed} calls due at once`,
      ...sound(delayed),
      doubled: runs - delayed,
      timings: [
        { name: "first start late", measuredMs: Math.max(0, firstAtMs - eta.getTime()), limitMs: 1_000 },
        {
          name: "round trip in another queue, 99 of 100",
          measuredMs: busyMs,
          limitMs: Math.max(2 * calmMs, delayed < many ? busyMinMs.emulator : busyMinMs.server),
        },
      ],
    });
  },
  { pace: unhurriedPace, floods: true },
);
