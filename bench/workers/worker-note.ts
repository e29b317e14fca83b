import type { Usage } from "./crew.ts";

/** What a worker process has come to. */
export type WorkerStep = "ready" | "started" | "stopped" | "measured";

/** What a worker process is told. */
export type WorkerCommand = "start" | "stop" | "measure";

/** What a worker process says: how far it is, how many jobs have begun, which ones (id and instant in turn), or what it takes. */
export type WorkerNote =
  | WorkerStep
  | { readonly count: number }
  | { readonly runs: readonly number[] }
  | { readonly usage: Usage };
