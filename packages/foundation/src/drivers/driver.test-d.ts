import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expectTypeOf, test } from "vitest";

import type { DriverModule, DriverOpening } from "../index.ts";

interface Options {
  readonly pool: number;
}

test("a driver opens with the output of its own schema", () => {
  type Module = DriverModule<Options, { close(): Promise<void> }>;
  expectTypeOf<Module["options"]>().toEqualTypeOf<StandardSchemaV1<unknown, Options>>();
  expectTypeOf<Parameters<Module["open"]>>().toEqualTypeOf<[DriverOpening<Options>]>();
  expectTypeOf<DriverOpening<Options>["options"]["pool"]>().toBeNumber();
});

test("every driver is a driver of unknown options", () => {
  expectTypeOf<DriverModule<Options, string>>().toExtend<DriverModule>();
});
