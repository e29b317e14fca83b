export * from "./backend.ts";
export * from "./coordination.ts";
export * from "./errors.ts";
export * from "./joins.ts";
export * from "./result-state.ts";
export * from "./results.ts";
export * from "./schedules.ts";
