import type { Crew, CrewOptions } from "./crew.ts";
import { localCrew } from "./local-crew.ts";
import { processCrew } from "./process-crew.ts";

/** Opens workers where the peer has them. */
export async function openCrew(options: CrewOptions): Promise<Crew> {
  return options.peer.workers === "processes" ? await processCrew(options) : await localCrew(options);
}
