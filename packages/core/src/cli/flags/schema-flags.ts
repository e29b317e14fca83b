import type { GlobalOptions } from "../global-options.ts";
import type { ComponentVersion } from "../values/read-version.ts";

/** What `lovage schema` was told. */
export interface SchemaFlags extends GlobalOptions {
  readonly to?: readonly ComponentVersion[];
}
