import type { Clock } from "../time/clock.ts";
import { LineLog } from "./line-log.ts";
import type { Log } from "./log.ts";

/** The log of what is opened without an app, and without a log: warnings and errors, as JSON lines on standard error. */
export function faultLog(name: string, clock: Clock): Log {
  return LineLog.open({ name, level: "warn", clock, write: (line) => void process.stderr.write(line) });
}
