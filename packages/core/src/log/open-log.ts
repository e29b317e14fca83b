import { LineLog, type Clock, type Log } from "@lovage/foundation";
import type { LogLevel } from "./log-level.ts";
import { logToPino } from "./log-to-pino.ts";
import { isPinoLike } from "./pino-like.ts";
import type { PinoLike } from "./pino-like.ts";
import { terminalLine } from "./terminal-line.ts";

/** How the lines of an app's own log look. */
export interface LogForm {
  /** @default "text" on a terminal, "json" elsewhere */
  readonly format?: "json" | "text" | undefined;
  /** Fields of every line. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

/** What a log is made of. */
export interface LogOptions extends LogForm {
  readonly name: string;
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Logger of the user's own, used as it is. */
  readonly given?: Log | PinoLike | undefined;
}

/** The log of an app: the one given, else JSON lines on standard error, or readable ones when that is a terminal. */
export function openLog({ given, fields, ...options }: LogOptions): Log {
  const log = given === undefined ? ownLog(options) : givenLog(given);
  return fields === undefined ? log : log.child(fields);
}

function givenLog(given: Log | PinoLike): Log {
  return isPinoLike(given) ? logToPino(given) : given;
}

function ownLog({ name, level, clock, format }: Omit<LogOptions, "given" | "fields">): Log {
  const { stderr } = process;
  const isText = (format ?? (stderr.isTTY ? "text" : "json")) === "text";
  const write = (line: string): void => void stderr.write(isText ? terminalLine(line) : line);
  return LineLog.open({ name, level, clock, write });
}
