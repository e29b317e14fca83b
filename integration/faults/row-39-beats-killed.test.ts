import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { recordFigures, sound } from "../figures/record-figures.ts";
import type { Child } from "../processes/child.ts";
import { eventually } from "../processes/eventually.ts";
import { lovageProgram } from "../processes/node-program.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";

const file = fileURLToPath(new URL("../apps/beats.ts", import.meta.url));
const kills = depth.of(100);
const tickMs = 500;
const takeOverMs = 15_000;

/** What ran: instant of the tick and when it did, Unix ms. */
interface Run {
  readonly instantMs: number;
  readonly ranAtMs: number;
}

fault(
  39,
  "three beats, whose leader is killed at the tick again and again: each tick runs once, and another leads within 15 s",
  async (scene) => {
    const worker = await scene.startWorker({ app: "beats.ts" });
    let beats: readonly Child[] = await Promise.all([startBeat(scene), startBeat(scene), startBeat(scene)]);
    await untilRuns(scene, 0, 3);
    for (let kill = 0; kill < kills; kill += 1) {
      const leader = await findLeader(beats);
      const killedAtMs = await killAtTick(leader, kill % 8);
      const heir = startBeat(scene);
      await untilRuns(scene, killedAtMs, 3);
      beats = [...beats.filter((beat) => beat !== leader), await heir];
    }
    for (const beat of beats) beat.signal("SIGTERM");
    const exits = await Promise.all(beats.map((beat) => beat.waitForEnd(30_000)));
    expect(exits.map(({ code }) => code)).toEqual([0, 0, 0]);
    await scene.untilEmpty();

    const twice = worker.log.split("Another message of the same tick or call is run").length - 1;
    console.log(`${scene.broker}: ${kills} leaders killed; ${twice} ticks had two messages, of which one ran.`);
    const runs = runsOf(scene);
    const instants = runs.map(({ instantMs }) => instantMs).toSorted((a, b) => a - b);
    const [first = 0, last = 0] = [instants[0], instants.at(-1)];
    const all = Array.from({ length: (last - first) / tickMs + 1 }, (_, index) => first + index * tickMs);
    expect(instants, "every tick, once").toEqual(all);
    recordFigures({
      row: 39,
      broker: scene.broker,
      fault: `leader of 3 beats killed at the tick, ${kills} times`,
      ...sound(instants.length),
      timings: [
        {
          name: "longest wait of a tick for a leader",
          measuredMs: Math.max(...runs.map(({ instantMs, ranAtMs }) => ranAtMs - instantMs)),
          limitMs: takeOverMs,
        },
      ],
    });
  },
  { mostlyWaits: true },
);

function startBeat(scene: Scene): Promise<Child> {
  const beat = scene.start("beat", lovageProgram(["-A", file, "beat", "--lease", "2s", "--log-format", "json"]));
  return beat.waitForLog(/Beat is ready/u, 60_000).then(() => beat);
}

async function findLeader(beats: readonly Child[]): Promise<Child> {
  const find = (): Child | undefined => beats.find(({ log }) => log.includes("This beat leads."));
  return await eventually(find, { what: "a beat that leads", withinMs: 30_000 });
}

/** Kills a process so many ms after the next tick: while it publishes, records, or has just done so. */
async function killAtTick(leader: Child, afterMs: number): Promise<number> {
  const atMs = (Math.floor(Date.now() / tickMs) + 1) * tickMs + afterMs;
  await new Promise((resolve) => void setTimeout(resolve, Math.max(0, atMs - Date.now() - 5)));
  while (Date.now() < atMs) {
    // A timer is not exact enough.
  }
  await leader.kill();
  return atMs;
}

async function untilRuns(scene: Scene, afterMs: number, count: number): Promise<void> {
  const hasRun = (): boolean => runsOf(scene).filter(({ instantMs }) => instantMs > afterMs).length >= count;
  await eventually(hasRun, { what: `${count} ticks that have run`, withinMs: 60_000 });
}

function runsOf(scene: Scene): readonly Run[] {
  const record = path.join(scene.directory, "runs.txt");
  if (!existsSync(record)) return [];
  const lines = readFileSync(record, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const [instant = "", ranAtMs] = line.split(" ");
    return { instantMs: Date.parse(instant), ranAtMs: Number(ranAtMs) };
  });
}
