import { LovageError } from "./error.ts";

/** Something was asked of an app, a connection or a consumer that is closed or closing. */
export class ClosedError extends LovageError {
  /**
   * @param message What is closed and what was asked of it.
   * @param options The cause, if another error led to the closing.
   */
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, code: "CLOSED" });
  }
}
