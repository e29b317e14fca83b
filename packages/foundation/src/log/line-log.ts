import { hostname } from "node:os";

import type { Clock } from "../time/clock.ts";
import type { Log } from "./log.ts";
import { maskFields } from "../secrets/mask-fields.ts";
import { maskSecrets } from "../secrets/mask-secrets.ts";

type LineLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Numbers of the levels as pino has them, so that its tools read the lines. */
const numberOf: Readonly<Record<LineLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50, silent: Infinity };

/** What a {@link LineLog} writes with. */
export interface LineLogOptions {
  readonly name: string;
  /** Least level that is written. */
  readonly level: LineLevel;
  readonly clock: Clock;
  /** Takes a line, with its end. */
  readonly write: (line: string) => void;
}

/** A log of JSON lines in pino's form, secrets masked. */
export class LineLog implements Log {
  readonly #options: LineLogOptions;
  /** Of every line, beside level and time. */
  readonly #bindings: Readonly<Record<string, unknown>>;

  private constructor(options: LineLogOptions, bindings: Readonly<Record<string, unknown>>) {
    this.#options = options;
    this.#bindings = bindings;
  }

  static open(options: LineLogOptions): LineLog {
    return new LineLog(options, { pid: process.pid, hostname: hostname(), name: options.name });
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
    return new LineLog(this.#options, { ...this.#bindings, ...maskFields(fields) });
  }

  #write(level: LineLevel, message: string, fields: Record<string, unknown> = {}): void {
    const { level: least, clock, write } = this.#options;
    if (numberOf[level] < numberOf[least]) return;
    const head = { level: numberOf[level], time: clock.now() };
    const line = { ...head, ...this.#bindings, ...maskFields(fields), msg: maskSecrets(message) };
    write(`${JSON.stringify(line)}\n`);
  }
}
