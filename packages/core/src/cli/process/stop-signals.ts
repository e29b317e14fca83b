import type { Clock } from "@lovage/foundation";

/** The part of `process` that hands out signals. */
interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** What to do when told to stop, once and again. */
export interface StopSignalsOptions {
  readonly clock: Clock;
  readonly onFirst: (signal: NodeJS.Signals) => void;
  readonly onSecond: (signal: NodeJS.Signals) => void;
  /** @default the process */
  readonly source?: SignalSource;
}

const signals = ["SIGTERM", "SIGINT"] as const;

/** A signal this soon after the first is the same press of a key, handed on by a shell or a package manager as well. */
const sameKeypressMs = 500;

/**
 * Listens for SIGTERM and SIGINT. Returns what ends it.
 *
 * | signal | meaning |
 * |---|---|
 * | first | stop, and finish what runs |
 * | within 500 ms of the first | the same one, ignored |
 * | second | leave at once |
 * | any later | ignored: it is leaving |
 */
export function listenForStop(options: StopSignalsOptions): () => void {
  const { clock, onFirst, onSecond, source = process } = options;
  let firstAtMs: number | undefined;
  let isLeaving = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAtMs === undefined) {
      firstAtMs = clock.monotonic();
      onFirst(signal);
    } else if (!isLeaving && clock.monotonic() - firstAtMs >= sameKeypressMs) {
      isLeaving = true;
      onSecond(signal);
    }
  };
  for (const signal of signals) source.on(signal, onSignal);
  return () => {
    for (const signal of signals) source.off(signal, onSignal);
  };
}

/** What a user is told at the first signal. */
export function stopMessage(signal: NodeJS.Signals): string {
  return `${signal}: no more tasks are taken, those that run may finish. A second one gives them back and ends at once.`;
}
