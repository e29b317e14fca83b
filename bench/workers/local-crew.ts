import { machineClockMs } from "../machine-clock.ts";
import type { Crew, CrewOptions } from "./crew.ts";

/** One worker in this process. */
export async function localCrew({ peer, folder, telling, runs }: CrewOptions): Promise<Crew> {
  const onRun = telling === "each" ? (id: number) => runs.record(id, machineClockMs()) : () => runs.add(1);
  return await peer.openWorker({ folder, onRun });
}
