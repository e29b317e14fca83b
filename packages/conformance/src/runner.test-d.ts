import { afterAll, describe, expectTypeOf, it } from "vitest";
import type { TestRunner } from "./runner.ts";

it("is what vitest exports", () => {
  expectTypeOf({ afterAll, describe, it }).toExtend<TestRunner>();
});
