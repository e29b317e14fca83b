import { expect, test } from "vitest";
import { readDemands } from "./ladder-demands.ts";

test("nothing is demanded by default", () => {
  expect(readDemands({})).toEqual({ rung: undefined, required: new Set() });
});

test("all services can be required, or some", () => {
  expect([...readDemands({ LOVAGE_TEST_REQUIRE: "all" }).required]).toEqual(["redis", "rabbitmq", "postgres", "sqs"]);
  expect([...readDemands({ LOVAGE_TEST_REQUIRE: "redis,sqs" }).required]).toEqual(["redis", "sqs"]);
});

test("what there is not is refused, with what there is", () => {
  expect(() => readDemands({ LOVAGE_TEST_REQUIRE: "redis,mysql" })).toThrow(
    'LOVAGE_TEST_REQUIRE names "mysql"; it must be all, or some of redis,rabbitmq,postgres,sqs,moto.',
  );
  expect(() => readDemands({ LOVAGE_TEST_RUNG: "vm" })).toThrow(
    'LOVAGE_TEST_RUNG is "vm"; it must be container or private.',
  );
});
