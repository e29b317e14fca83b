import process from "node:process";

/** Milliseconds on a clock that all processes of this machine share, so that instants of a producer and of a worker can be compared. */
export function machineClockMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** What the wall clock, in Unix ms, is ahead of {@link machineClockMs}. Waits for the turn of a millisecond, since the wall clock shows no fractions. */
export function wallClockOffsetMs(): number {
  const firstMs = Date.now();
  let nowMs = firstMs;
  while (nowMs === firstMs) nowMs = Date.now();
  return nowMs - machineClockMs();
}
