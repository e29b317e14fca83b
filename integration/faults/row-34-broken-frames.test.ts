import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import type { FaultProxy } from "../network/fault-proxy.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";

const concurrency = 8;
const tasks = 400;
const garbage = Buffer.from("\u0000\u00ff\u00fe*3\r\n$-7\r\nnot a frame of any protocol\r\n\u0000", "latin1");

const mischief: Readonly<Record<string, (proxy: FaultProxy) => void>> = {
  "answers cut in the middle of a frame": (proxy) => proxy.set({ down: { cutAfterBytes: 7 } }),
  "requests cut in the middle of a frame": (proxy) => proxy.set({ up: { cutAfterBytes: 7 } }),
  "garbage among the answers": (proxy) => proxy.inject("down", garbage),
  "garbage among the requests": (proxy) => proxy.inject("up", garbage),
};

async function startedAfter(scene: Scene, atMs: number): Promise<number> {
  const isAfter = ({ kind, atMs: whenMs }: { kind: string; atMs: number }): boolean =>
    kind === "started" && whenMs > atMs;
  await scene.until("a task after it", (entries) => entries.some(isAfter));
  return scene.entries.find(isAfter)!.atMs;
}

fault(34, "frames that are cut and garbage between them cost a connection, no process and no task", async (scene) => {
  const proxy = await scene.host.openProxy();
  const worker = await scene.startWorker({ concurrency, behind: proxy });
  const resumedMs: number[] = [];
  for (const [index, bring] of Object.values(mischief).entries()) {
    await scene.send(
      "load.wait",
      Array.from({ length: tasks }, () => [20]),
    );
    await scene.untilFinished(index * tasks + tasks / 4);
    bring(proxy);
    await scene.untilFinished(index * tasks + tasks / 4 + 1);
    proxy.heal();
    const healedAtMs = Date.now();
    resumedMs.push((await startedAfter(scene, healedAtMs)) - healedAtMs);
    await scene.untilFinished((index + 1) * tasks);
  }
  await scene.untilEmpty();
  const total = Object.keys(mischief).length * tasks;
  const verdict = judge(scene.entries);
  expect(worker.exit).toBeUndefined();
  expect(verdict).toMatchObject({ accepted: total, lost: [], zombieWrites: 0 });
  recordFigures({
    row: 34,
    broker: scene.broker,
    fault: "cut frames and garbage, both ways",
    ...figuresOf(verdict),
    interruptedLimit: Object.keys(mischief).length * concurrency,
    timings: [{ name: "tasks start again", measuredMs: Math.max(...resumedMs), limitMs: 2_000 }],
  });
});
