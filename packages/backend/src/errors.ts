import { LovageError } from "@lovage/foundation";

import type { PutOutcome } from "./results.ts";

/** The store cannot be reached, or is too busy for too long. Retryable. Code `BACKEND_UNAVAILABLE`. */
export class BackendUnavailableError extends LovageError {
  /**
   * Of a `put`, where only a part of the store is away: what became of each record, `undefined` for those that are not known to be written. Absent where the store
   * as a whole is away, and of all else.
   */
  readonly outcomes: readonly (PutOutcome | undefined)[] | undefined;

  constructor(
    message: string,
    { cause, outcomes }: { readonly cause?: unknown; readonly outcomes?: readonly (PutOutcome | undefined)[] } = {},
  ) {
    super(message, { code: "BACKEND_UNAVAILABLE", retryable: true, cause });
    this.outcomes = outcomes;
  }
}

/** A document is larger than the backend stores; nothing was written. Code `DOCUMENT_TOO_LARGE`. */
export class DocumentTooLargeError extends LovageError {
  readonly bytes: number;
  readonly maxBytes: number;
  constructor(what: string, { bytes, maxBytes }: { readonly bytes: number; readonly maxBytes: number }) {
    super(
      `${what} has ${bytes} bytes and the backend stores at most ${maxBytes}. Store a reference instead of the data.`,
      {
        code: "DOCUMENT_TOO_LARGE",
      },
    );
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}
