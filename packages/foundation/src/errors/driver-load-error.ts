import { LovageError } from "./error.ts";

/** A driver package is installed but cannot be used: it failed to load, or it exports no driver. */
export class DriverLoadError extends LovageError {
  /**
   * @param message Which package, from which file, and its own error's message.
   * @param options `cause`: the error that the package threw while it was loaded.
   */
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, code: "DRIVER_LOAD_FAILED" });
  }
}
