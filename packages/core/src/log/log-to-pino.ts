import { maskFields, maskSecrets, type Log } from "@lovage/foundation";
import type { PinoLike } from "./pino-like.ts";

type Level = "debug" | "info" | "warn" | "error";

/** A {@link Log} that writes to a pino logger, secrets masked. Lines below the logger's level cost one question. */
export function logToPino(logger: PinoLike): Log {
  return new PinoLog(logger);
}

class PinoLog implements Log {
  readonly #logger: PinoLike;

  constructor(logger: PinoLike) {
    this.#logger = logger;
  }

  debug(message: string, fields?: Record<string, unknown>): void {
    this.#write("debug", message, fields);
  }

  info(message: string, fields?: Record<string, unknown>): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields?: Record<string, unknown>): void {
    this.#write("warn", message, fields);
  }

  error(message: string, fields?: Record<string, unknown>): void {
    this.#write("error", message, fields);
  }

  child(fields: Record<string, unknown>): Log {
    return new PinoLog(this.#logger.child(maskFields(fields)));
  }

  #write(level: Level, message: string, fields: Record<string, unknown> = {}): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level](maskFields(fields), maskSecrets(message));
  }
}
