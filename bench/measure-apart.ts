import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Scale } from "./cases/bench-case.ts";
import type { Figures } from "./figures/figures.ts";
import type { Question } from "./plan.ts";
import { PROFILE_VARIABLE } from "./profile/start-profile.ts";
import type { BenchServer } from "./servers/bench-server.ts";
import { urlVariable } from "./servers/bench-url.ts";

/** One measurement. */
export interface Measurement extends Question {
  readonly scale: Scale;
  /** Folder for CPU profiles of the processes. */
  readonly profile: string | undefined;
  /** The server of the peer's store, if it has one. */
  readonly server: BenchServer | undefined;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

const program = fileURLToPath(new URL("./measure-program.ts", import.meta.url));
const patienceMs = 900_000;

/** Measures on an empty server and in a process of its own, so that no measurement finds jobs, heap or compiled code of another; leaves no file. */
export async function measureApart(measurement: Measurement): Promise<Figures> {
  const url = await measurement.server?.freshUrl();
  const folder = await mkdtemp(join(tmpdir(), "lovage-bench-"));
  try {
    return await measureIn({ folder, url }, measurement);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Place {
  readonly folder: string;
  /** Of the server. */
  readonly url: string | undefined;
}

async function measureIn({ folder, url }: Place, measurement: Measurement): Promise<Figures> {
  const { benchCase, peer, scale, profile, signal, server } = measurement;
  const env = {
    ...process.env,
    ...(profile === undefined ? {} : { [PROFILE_VARIABLE]: profile }),
    ...(server === undefined ? {} : { [urlVariable(server.facts.service)]: url }),
  };
  const child = fork(program, [benchCase.name, peer.name, scale, folder], { env });
  let figures: Figures | undefined;
  child.once("message", (message) => (figures = message as Figures));
  const ending = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  ending.addEventListener("abort", () => child.kill("SIGKILL"));
  const [code, killedBy] = (await once(child, "exit")) as [number | null, string | null];
  if (code === 0 && figures !== undefined) return figures;
  throw new Error(`${benchCase.name} of ${peer.name} ended with ${code ?? killedBy}.`);
}
