import { expect } from "vitest";
import { recordFigures, sound } from "../figures/record-figures.ts";
import type { Child } from "../processes/child.ts";
import { eventually } from "../processes/eventually.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import { startBeat, tickMs, ticksOf, untilTicks } from "../scene/ticks.ts";

const kills = depth.of(100);
const takeOverMs = 15_000;

fault(
  39,
  "three beats, whose leader is killed at the tick again and again: each tick runs once, and another leads within 15 s",
  async (scene) => {
    const worker = await scene.startWorker({ app: "beats.ts" });
    let beats: readonly Child[] = await Promise.all([startBeat(scene), startBeat(scene), startBeat(scene)]);
    await untilTicks(scene, 0, 3);
    for (let kill = 0; kill < kills; kill += 1) {
      const leader = await findLeader(beats);
      const killedAtMs = await killAtTick(leader, kill % 8);
      const heir = startBeat(scene);
      await untilTicks(scene, killedAtMs, 3);
      beats = [...beats.filter((beat) => beat !== leader), await heir];
    }
    for (const beat of beats) beat.signal("SIGTERM");
    const exits = await Promise.all(beats.map((beat) => beat.waitForEnd(30_000)));
    expect(exits.map(({ code }) => code)).toEqual([0, 0, 0]);
    await scene.untilEmpty();

    const twice = worker.log.split("Another message of the same tick or call is run").length - 1;
    console.log(`${scene.broker}: ${kills} leaders killed; ${twice} ticks had two messages, of which one ran.`);
    const runs = ticksOf(scene);
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
