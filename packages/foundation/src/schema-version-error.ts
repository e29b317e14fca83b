import { LovageError } from "./error.ts";

/** The tables in a store are of a version this release cannot work with; nothing was written. */
export class SchemaVersionError extends LovageError {
  /** @param message Which store, which version was found and which is known, and what to do. */
  constructor(message: string) {
    super(message, { code: "SCHEMA_VERSION" });
  }
}
