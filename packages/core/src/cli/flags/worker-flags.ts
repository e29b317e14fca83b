import type { Address } from "../values/read-address.ts";
import type { GlobalOptions } from "../global-options.ts";

/** What `lovage worker` was told. */
export interface WorkerFlags extends GlobalOptions {
  readonly queues?: readonly string[];
  readonly concurrency?: number;
  readonly processes: number;
  readonly prefetch?: number | "auto";
  readonly http?: Address;
  readonly grace?: number;
  readonly hostname?: string;
  readonly beat?: boolean;
  /** Given by the parent of `--processes` to its processes, from 1. */
  readonly childNumber?: number;
}
