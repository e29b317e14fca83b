import type { Clock } from "./clock.ts";

/** Waits for a promise, whatever becomes of it, but no longer than so many milliseconds. Never rejects. */
export async function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = clock.timer(ms, resolve);
  // Whoever made the promise deals with its rejection; here only its end matters.
  promise.then(
    () => resolve(),
    () => resolve(),
  );
  await over;
  timer.cancel();
}
