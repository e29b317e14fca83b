import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Child } from "../processes/child.ts";
import { eventually } from "../processes/eventually.ts";
import { lovageProgram } from "../processes/node-program.ts";
import { appFile } from "./app-file.ts";
import { depth } from "./depth.ts";
import type { Scene } from "./scene.ts";

/** Between two ticks of the schedule of `apps/beats.ts`. */
export const tickMs = 500;

/** A tick that ran: its instant and when it did, Unix ms. */
export interface Tick {
  readonly instantMs: number;
  readonly ranAtMs: number;
}

/** Starts a beat of `apps/beats.ts`. */
export async function startBeat(scene: Scene): Promise<Child> {
  const beat = scene.start(
    "beat",
    lovageProgram(["-A", appFile("beats.ts"), "beat", "--lease", "2s", "--log-format", "json"]),
  );
  await beat.waitForLog(/Beat is ready/u, 60_000 * depth.patience);
  return beat;
}

/** Waits until so many ticks have run whose instants are after that one. */
export async function untilTicks(scene: Scene, afterMs: number, count: number): Promise<void> {
  const hasRun = (): boolean => ticksOf(scene).filter(({ instantMs }) => instantMs > afterMs).length >= count;
  await eventually(hasRun, { what: `${count} ticks that have run`, withinMs: 60_000 * depth.patience });
}

/** All that have run, in the order in which they did. */
export function ticksOf(scene: Scene): readonly Tick[] {
  const record = path.join(scene.directory, "runs.txt");
  if (!existsSync(record)) return [];
  const lines = readFileSync(record, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const [instant = "", ranAtMs] = line.split(" ");
    return { instantMs: Date.parse(instant), ranAtMs: Number(ranAtMs) };
  });
}
