import { machineClockMs } from "../machine-clock.ts";
import type { Crew, CrewOptions } from "./crew.ts";
import { readUsage } from "./read-usage.ts";

/** One worker in this process. */
export async function localCrew({ peer, folder, telling, runs }: CrewOptions): Promise<Crew> {
  const onRun =
    telling === "each"
      ? (id: number, startedAtMs = machineClockMs()) => runs.record(id, startedAtMs)
      : () => runs.add(1);
  const program = await peer.load();
  const worker = await program.openWorker({ folder, onRun });
  return {
    start: () => worker.start(),
    stop: () => worker.stop(),
    usage: async () => await Promise.resolve(readUsage()),
  };
}
