import { errorText } from "../errors/error-text.ts";
import type { Log } from "./log.ts";

/** Tells of what is tried again and again: a warning when it fails, and level debug while it goes on failing, which may be for hours. */
export class FailureNews {
  readonly #log: Log;
  readonly #message: string;
  #isFailing = false;

  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  failed(error: unknown): void {
    this.#log[this.#isFailing ? "debug" : "warn"](this.#message, { error: errorText(error) });
    this.#isFailing = true;
  }

  succeeded(): void {
    this.#isFailing = false;
  }
}
