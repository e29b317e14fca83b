import process from "node:process";

/** Milliseconds on a clock that all processes of this machine share, so that instants of a producer and of a worker can be compared. */
export function machineClockMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** The same instant on the wall clock, in Unix ms with fractions. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
