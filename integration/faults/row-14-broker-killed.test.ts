import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import type { LedgerEntry } from "../ledger/ledger-entry.ts";
import { judge } from "../ledger/verdict.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import { refusedCode } from "../scene/refused-code.ts";
import type { Scene } from "../scene/scene.ts";

const tasks = depth.of(10_000);
const producers = 100;
const workers = 4;
const concurrency = 8;
/** So little that work is left after each crash: workers go on with what they hold while the broker is away. */
const prefetch = 16;
const crashes = [3, 2];
const awayMs = Math.max(2_000, depth.of(5_000));
/** What a producer may be told: nothing was written, or nobody knows. */
const honest = new Set(["TRANSPORT_UNAVAILABLE", "PUBLISH_UNCERTAIN", "PUBLISH_TIMEOUT"]);

/** Sends until so many were accepted; answers the codes of the errors. */
async function produce(scene: Scene): Promise<ReadonlySet<string>> {
  const codes = new Set<string>();
  let open = tasks;
  const loop = async (): Promise<void> => {
    while (open > 0) {
      open -= 1;
      const code = await refusedCode(scene.send("load.wait", [[20]]));
      if (code === undefined) continue;
      codes.add(code);
      open += 1;
    }
  };
  await Promise.all(Array.from({ length: producers }, loop));
  return codes;
}

/** Kills the broker, and brings it back. Answers when it was back. */
async function crash(scene: Scene): Promise<number> {
  await scene.host.kill();
  await pause(awayMs);
  return await scene.host.start();
}

/** When the first task was started after an instant. */
async function nextStart(scene: Scene, afterMs: number): Promise<number> {
  const startsOf = (entries: readonly LedgerEntry[]): readonly number[] =>
    entries.filter(({ kind, atMs }) => kind === "started" && atMs > afterMs).map(({ atMs }) => atMs);
  await scene.until("a task after the crash", (entries) => startsOf(entries).length > 0);
  return Math.min(...startsOf(scene.entries));
}

fault(
  14,
  "a broker that is killed twice under load loses nothing that it had accepted",
  async (scene) => {
    const crew = await scene.startWorkers(workers, { concurrency, args: ["--prefetch", String(prefetch)] });
    await scene.host.readyForKill();
    const producing = produce(scene);
    const resumedMs: number[] = [];
    for (const share of crashes) {
      await scene.untilFinished(tasks / share);
      const backAtMs = await crash(scene);
      resumedMs.push((await nextStart(scene, backAtMs)) - backAtMs);
    }
    const codes = await producing;
    // What a crash made a suspect runs alone, one by one.
    await scene.untilAllFinished();
    await scene.untilEmpty();

    const { entries } = scene;
    const verdict = judge(entries);
    expect(verdict).toMatchObject({ lost: [], zombieWrites: 0 });
    expect(verdict.accepted).toBe(tasks);
    expect([...codes].filter((code) => !honest.has(code))).toEqual([]);
    expect(crew.map(({ exit }) => exit)).toEqual(crew.map(() => undefined));
    recordFigures({
      row: 14,
      broker: scene.broker,
      fault: "the broker killed twice under load",
      ...figuresOf(verdict),
      interruptedLimit: crashes.length * workers * concurrency,
      // What they held besides ends while the broker is away.
      doubledLimit: crashes.length * workers * (concurrency + prefetch),
      timings: [{ name: "tasks start again", measuredMs: Math.max(...resumedMs), limitMs: 5_000 }],
    });
  },
  { needs: "ownServer" },
);
