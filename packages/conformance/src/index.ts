export type { CaseContext, RegisterCase, TestRunner } from "./runner.ts";
