import type { CallOptions } from "../app/call-options.ts";

/** Options of one task in a workflow: those of a call. `countdown` and a length of time for `expires` count from the moment the step is sent. */
export type SignatureOptions = Omit<CallOptions, "transaction">;

/** Options of a whole workflow: without what names a single task. */
export type WorkflowOptions = Omit<SignatureOptions, "taskId" | "kwargs">;
