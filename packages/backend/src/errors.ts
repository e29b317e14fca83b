import { LovageError } from "@lovage/foundation";

/** The store cannot be reached, or is too busy for too long. Retryable. Code `BACKEND_UNAVAILABLE`. */
export class BackendUnavailableError extends LovageError {
  constructor(message: string, { cause }: { readonly cause?: unknown } = {}) {
    super(message, { code: "BACKEND_UNAVAILABLE", retryable: true, cause });
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
