import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { residentBytes } from "../processes/resident-bytes.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";

/** 10 min, and 12 s in the shorter run: long enough for a dozen attempts. */
const awayMs = depth.name === "full" ? 600_000 : 12_000;
const growthBytes = 20 * 2 ** 20;
/**
 * What has something to say of it, once: the transport, the thread that renews, the backend, results that cannot be written, revocations that cannot be
 * read, and the ends of the tasks, which are not recorded.
 */
const warnings = 6;
/** So many that the heap has its working size by then: what grows afterwards is kept. */
const warm = 5_000;
/** These end while the broker is away, so that there is something to be told to it. */
const ending = 8;
const endsAfterMs = 1_000;

fault(
  15,
  "workers wait for a broker that is away for long, quietly and without growing, and go on when it is back",
  async (scene) => {
    const worker = await scene.startWorker();
    await scene.host.readyForKill();
    await scene.send(
      "load.pass",
      Array.from({ length: warm }, () => []),
    );
    await scene.untilFinished(warm);
    await scene.untilEmpty();
    const before = residentBytes(worker.pid);
    await scene.send(
      "load.wait",
      Array.from({ length: ending }, () => [endsAfterMs]),
    );
    await scene.until(
      "running tasks",
      (entries) => entries.filter(({ kind }) => kind === "started").length === warm + ending,
    );
    const killedAtMs = Date.now();
    await scene.host.kill();
    await pause(awayMs);
    const grown = residentBytes(worker.pid) - before;
    const lines = warningsSince(worker.log, killedAtMs);
    expect(worker.exit).toBeUndefined();
    expect(lines.slice(warnings + ending), "warnings beyond one of each").toEqual([]);
    expect(grown, "bytes").toBeLessThan(growthBytes);

    const backAtMs = await scene.host.start();
    await scene.send("load.pass", [[]]);
    await scene.untilFinished(warm + ending + 1);
    const resumedMs = scene.entries.at(-1)!.atMs - backAtMs;
    await scene.untilEmpty();
    const verdict = judge(scene.entries);
    recordFigures({
      row: 15,
      broker: scene.broker,
      fault: `the broker away for ${awayMs / 1_000} s`,
      ...figuresOf(verdict),
      interruptedLimit: ending,
      timings: [{ name: "tasks run again", measuredMs: resumedMs, limitMs: 31_000 }],
    });
  },
  { needs: "ownServer", mostlyWaits: true },
);

function warningsSince(log: string, sinceMs: number): readonly string[] {
  const lines = log.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
  return lines.filter((line) => {
    const { level, time } = JSON.parse(line) as { readonly level: number; readonly time: number };
    return level >= 40 && time >= sinceMs;
  });
}
