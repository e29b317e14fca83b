import { machineClockMs } from "../machine-clock.ts";
import { startProfile } from "../profile/start-profile.ts";

/** How many seconds some work took. The profile of a measurement covers this work and nothing else. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const endProfile = await startProfile("producer");
  const startedAtMs = machineClockMs();
  await work();
  const seconds = (machineClockMs() - startedAtMs) / 1_000;
  await endProfile();
  return seconds;
}
