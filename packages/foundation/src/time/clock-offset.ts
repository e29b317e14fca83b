import type { Clock } from "./clock.ts";

/**
 * How far another clock is ahead of ours, in ms; half of the way there and back is counted to each side.
 * @param readMs Asks for the time there, in Unix milliseconds.
 */
export async function clockOffsetMs(clock: Clock, readMs: () => Promise<number>): Promise<number> {
  const askedAtMs = clock.monotonic();
  const thereMs = await readMs();
  return thereMs - (clock.now() - (clock.monotonic() - askedAtMs) / 2);
}
