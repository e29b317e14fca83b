import { mkdir, writeFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import process from "node:process";

/** Name of the variable with the folder for CPU profiles; without it none are taken. */
export const PROFILE_VARIABLE = "BENCH_PROFILE";

/** Begins a CPU profile of this process, if asked for; the function given back ends and writes it. */
export async function startProfile(title: string): Promise<() => Promise<void>> {
  const folder = process.env[PROFILE_VARIABLE];
  if (folder === undefined) return async () => {};
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  return async () => {
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${title}-${process.pid}.cpuprofile`), JSON.stringify(profile));
  };
}
