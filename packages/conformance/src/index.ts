export type { CaseContext, RegisterCase, TestRunner } from "./runner.ts";
export type { BackendHarness, BackendHarnessOptions } from "./backend/backend-harness.ts";
export { backendHarness } from "./backend/backend-harness.ts";
export type { BackendModelOptions } from "./backend/model-run.ts";
export { storeClock } from "./backend/store-clock.ts";
export type { StoreClock } from "./backend/store-clock.ts";
export { testBackend } from "./backend/test-backend.ts";
export type { TestBackendOptions } from "./backend/test-backend.ts";
