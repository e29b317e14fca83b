import { LovageError } from "./error.ts";

/** The configuration as a whole cannot work: a URL without scheme, options that exclude each other. */
export class ConfigurationError extends LovageError {
  /**
   * @param message What is wrong and what to write instead.
   * @param options The cause, if another error led here.
   */
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, code: "CONFIGURATION_INVALID" });
  }
}
