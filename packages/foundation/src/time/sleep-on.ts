import type { Clock, SleepOptions } from "./clock.ts";

/** The `sleep` of a clock, made from its `timer`: for implementations of {@link Clock}. */
export function sleepOn(clock: Pick<Clock, "timer">, ms: number, options: SleepOptions = {}): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.timer(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
