import type { Clock } from "./clock.ts";

/** Waits, no longer than the signal lets it: that one ends the wait early is for the caller to see, and no error. */
export async function rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
