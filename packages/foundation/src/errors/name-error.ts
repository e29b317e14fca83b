import { LovageError } from "./error.ts";

/** A queue, task, exchange or schedule has a name that is not allowed. Thrown before any I/O. */
export class NameError extends LovageError {
  /** @param message What the name is of, the name, and which names are accepted. */
  constructor(message: string) {
    super(message, { code: "NAME_INVALID" });
  }
}
