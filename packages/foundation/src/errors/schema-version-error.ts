import { LovageError } from "./error.ts";

/** The tables in a store are of a version this release cannot work with, and it may not bring them to its own; nothing was written. */
export class SchemaVersionError extends LovageError {
  /** @param message Which store, which version was found and which is known, and what to do. */
  constructor(message: string, { cause }: { readonly cause?: unknown } = {}) {
    super(message, { code: "SCHEMA_VERSION", cause });
  }
}
