export type { TestCase, TestRunner } from "./runner.ts";
