export { createTestApp } from "./create-test-app.ts";
export type { RunOptions, TestApp, TestAppOptions } from "./create-test-app.ts";
export { lovageMatchers } from "./matchers.ts";
export type { LovageMatchers, MatcherContext, TaskReference, Verdict } from "./matchers.ts";
export type { SentCall } from "./sent-calls.ts";
export type { TestWorker } from "./test-worker.ts";
export { virtualClock } from "@lovage/foundation";
export type { VirtualClock, VirtualClockOptions } from "@lovage/foundation";
