/** What a worker process has come to. */
export type WorkerStep = "ready" | "started" | "stopped";

/** What a worker process is told. */
export type WorkerCommand = "start" | "stop";

/** What a worker process says: how far it is, how many jobs have begun, or which ones (id and instant in turn). */
export type WorkerNote = WorkerStep | { readonly count: number } | { readonly runs: readonly number[] };
