import type { Address } from "../values/read-address.ts";
import type { GlobalOptions } from "../global-options.ts";

/** What `lovage beat` was told. */
export interface BeatFlags extends GlobalOptions {
  readonly lease?: number;
  readonly http?: Address;
  readonly grace?: number;
}
