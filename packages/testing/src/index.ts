export { createTestApp } from "./create-test-app.ts";
export type { RunOptions, TestApp, TestAppOptions } from "./create-test-app.ts";
export type { TestWorker } from "./test-worker.ts";
export { virtualClock } from "@lovage/foundation";
export type { VirtualClock, VirtualClockOptions } from "@lovage/foundation";
