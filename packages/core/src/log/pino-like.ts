import type { Log } from "@lovage/foundation";

/** The part of a pino logger that is used: fields first, then the message. */
export interface PinoLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(bindings: Record<string, unknown>): PinoLike;
  /** Fields of each line; tells a pino logger from a {@link Log}. */
  bindings(): Record<string, unknown>;
  isLevelEnabled(level: string): boolean;
}

/** Whether a logger takes its arguments in pino's order. */
export function isPinoLike(logger: Log | PinoLike): logger is PinoLike {
  return "bindings" in logger && typeof logger.bindings === "function";
}
