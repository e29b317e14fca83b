import { backOff, isLovageError } from "@lovage/foundation";
import type { Clock } from "@lovage/foundation";

/** How many things are being tried again. */
export interface Retrying {
  count: number;
}

/** How long something is tried. */
export interface KeepTryingOptions {
  readonly clock: Clock;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** Whether the outcome still matters; asked before each attempt but the first. */
  readonly isWanted: () => boolean;
  /** Told of each failure that is followed by another attempt. */
  readonly onFailure?: (error: unknown) => void;
  /** Counts it from its first failure on, until it is done or given up. */
  readonly retrying?: Retrying;
}

/** What {@link keepTrying} gives when nobody wanted the outcome any more. */
export const unwanted: unique symbol = Symbol("unwanted");

const pauses = { baseMs: 100, maxMs: 5_000, jitter: "equal" } as const;

/**
 * Does something with a store until it is done: again, after a growing pause, when the store could not be reached.
 * @throws what cannot be mended by trying again
 */
export async function keepTrying<T>(
  attempt: () => Promise<T>,
  options: KeepTryingOptions,
): Promise<T | typeof unwanted> {
  try {
    return await attempt();
  } catch (error) {
    noteFailure(error, options);
  }
  const { retrying } = options;
  if (retrying !== undefined) retrying.count += 1;
  try {
    return await tryAgain(attempt, options);
  } finally {
    if (retrying !== undefined) retrying.count -= 1;
  }
}

async function tryAgain<T>(attempt: () => Promise<T>, options: KeepTryingOptions): Promise<T | typeof unwanted> {
  const { clock, signal, isWanted } = options;
  for (let failures = 0; ; failures += 1) {
    await pause(clock, backOff(pauses, failures), signal);
    if (signal.aborted || !isWanted()) return unwanted;
    try {
      return await attempt();
    } catch (error) {
      noteFailure(error, options);
    }
  }
}

/** @throws the error, where trying again mends nothing */
function noteFailure(error: unknown, { onFailure }: KeepTryingOptions): void {
  if (!isLovageError(error) || !error.retryable) throw error;
  onFailure?.(error);
}

/** Ends early, without an error, when the signal aborts. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
