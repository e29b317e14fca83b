import type { FaultProxy } from "../network/fault-proxy.ts";

/** How a worker process is started. */
export interface WorkerStart {
  /** File of the app in `apps/`. @default "load.ts" */
  readonly app?: string;
  /** @default 8, as in the fault matrix */
  readonly concurrency?: number;
  /** Further arguments of `lovage worker`. */
  readonly args?: readonly string[];
  /** Further variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Cap of the memory of each of its processes, in MiB of heap: one that needs more is ended by the runtime. @default none */
  readonly heapMb?: number;
  /** The network between it and the server. @default the machine's own */
  readonly behind?: FaultProxy;
}
