import { postgres } from "../brokers/postgres.ts";
import { setTimeout as pause } from "node:timers/promises";
import { isLovageError } from "@lovage/foundation";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";
import { askServer } from "../postgres/ask-server.ts";

const workers = 2;
const concurrency = 8;
const [endEveryMs, rounds] = depth.name === "full" ? [5_000, 12] : [2_000, 8];

/** Sends until it is told to stop; what is refused as retryable was perhaps not accepted, and is not counted. */
async function sendAllTheTime(scene: Scene, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      await scene.send(
        "load.wait",
        Array.from({ length: 20 }, () => [50]),
      );
    } catch (error) {
      if (!isLovageError(error) || !error.retryable) throw error;
    }
    await pause(100);
  }
}

fault(
  21,
  "all sessions ended again and again lose nothing, and workers go on",
  async (scene) => {
    await scene.startWorkers(workers, { concurrency });
    let isOver = false;
    const sending = sendAllTheTime(scene, () => isOver);
    for (let round = 0; round < rounds; round += 1) {
      // The rhythm is part of the fault; nothing is waited for.
      await pause(endEveryMs);
      const ended = await askServer(scene.host.server.url, (client) =>
        client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lovage:%'"),
      );
      expect(ended.rowCount, "sessions that were ended").toBeGreaterThan(workers);
    }
    isOver = true;
    await sending;
    const endedAtMs = Date.now();
    await scene.untilEmpty(60_000);
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ lost: [], zombieWrites: 0 });
    expect(verdict.accepted).toBeGreaterThan(500);
    expect(verdict.doubled).toBeLessThanOrEqual(rounds * workers * concurrency);
    recordFigures({
      row: 21,
      broker: scene.broker,
      fault: `all sessions ended every ${endEveryMs / 1_000} s for ${(rounds * endEveryMs) / 1_000} s`,
      ...figuresOf(verdict),
      interruptedLimit: rounds * workers * concurrency,
      timings: [{ name: "all done after the last end", measuredMs: Date.now() - endedAtMs, limitMs: 10_000 }],
    });
  },
  { only: postgres, timeoutMs: 180_000 },
);
