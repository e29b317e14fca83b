import type { Clock, Log } from "@lovage/foundation";
import { pino } from "pino";
import type { LogLevel } from "./log-level.ts";
import { logToPino } from "./log-to-pino.ts";
import { isPinoLike } from "./pino-like.ts";
import type { PinoLike } from "./pino-like.ts";
import { terminalLine } from "./terminal-line.ts";

/** What a log is made of. */
export interface LogOptions {
  readonly name: string;
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Logger of the user's own, used as it is. */
  readonly given?: Log | PinoLike | undefined;
}

/** The log of an app: the one given, else JSON lines on standard error, or readable ones when that is a terminal. */
export function openLog({ name, level, clock, given }: LogOptions): Log {
  if (given !== undefined) return isPinoLike(given) ? logToPino(given) : given;
  const options = { name, level, timestamp: () => `,"time":${clock.now()}` };
  const { stderr } = process;
  const lines = { write: (json: string) => void stderr.write(stderr.isTTY ? terminalLine(json) : json) };
  return logToPino(pino(options, lines));
}
