import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { BenchCase, Scale } from "./cases/bench-case.ts";
import type { Figures } from "./figures/figures.ts";
import type { Peer } from "./peers/peer.ts";
import { PROFILE_VARIABLE } from "./profile/start-profile.ts";

/** One measurement. */
export interface Measurement {
  readonly benchCase: BenchCase;
  readonly peer: Peer;
  readonly scale: Scale;
  /** Folder for CPU profiles of the processes. */
  readonly profile: string | undefined;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

const program = fileURLToPath(new URL("./measure-program.ts", import.meta.url));
const patienceMs = 300_000;

/** Measures in a process of its own, so that no measurement finds the heap and the compiled code of another; leaves no file. */
export async function measureApart(measurement: Measurement): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), "lovage-bench-"));
  try {
    return await measureIn(folder, measurement);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measureIn(folder: string, { benchCase, peer, scale, profile, signal }: Measurement): Promise<Figures> {
  const env = profile === undefined ? process.env : { ...process.env, [PROFILE_VARIABLE]: profile };
  const child = fork(program, [benchCase.name, peer.name, scale, folder], { env });
  let figures: Figures | undefined;
  child.once("message", (message) => (figures = message as Figures));
  const ending = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  ending.addEventListener("abort", () => child.kill("SIGKILL"));
  const [code, killedBy] = (await once(child, "exit")) as [number | null, string | null];
  if (code === 0 && figures !== undefined) return figures;
  throw new Error(`${benchCase.name} of ${peer.name} ended with ${code ?? killedBy}.`);
}
