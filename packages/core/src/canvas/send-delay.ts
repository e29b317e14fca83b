/** When a call is to be sent on. */
export interface SendTime {
  readonly countdownMs?: number;
  readonly etaMs?: number;
}

/** How long a call waits before it may run, in ms; 0 where its instant has passed. */
export function sendDelay({ countdownMs, etaMs }: SendTime, nowMs: number): number {
  return countdownMs ?? Math.max(0, (etaMs ?? nowMs) - nowMs);
}
