import { LovageError } from "./error.ts";

/** A wait took longer than it was allowed to. The reason with which a {@link Deadline} aborts by default. */
export class DeadlineError extends LovageError {
  /** @param message What took too long, and how long that is. */
  constructor(message: string) {
    super(message, { code: "DEADLINE_EXCEEDED", retryable: true });
  }
}
