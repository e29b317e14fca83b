import { expectTypeOf, test } from "vitest";

import type { Duration } from "../index.ts";

test("a duration is a number or a number with a unit", () => {
  expectTypeOf<10>().toExtend<Duration>();
  expectTypeOf<"10s">().toExtend<Duration>();
  expectTypeOf<"1.5h">().toExtend<Duration>();
  expectTypeOf<"10">().not.toExtend<Duration>();
  expectTypeOf<"ten s">().not.toExtend<Duration>();
  expectTypeOf<string>().not.toExtend<Duration>();
});
