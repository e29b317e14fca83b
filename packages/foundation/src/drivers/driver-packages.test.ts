import { expect, test } from "vitest";

import { driverPackages, isOtherKind } from "./driver-packages.ts";

test.each([
  ["transport", "redis", ["@lovage/transport-redis"]],
  ["transport", "rediss", ["@lovage/transport-redis"]],
  ["transport", "amqps", ["@lovage/transport-amqp"]],
  ["transport", "sqs", ["@lovage/transport-sqs"]],
  ["transport", "postgresql", ["@lovage/transport-postgres"]],
  ["backend", "sqlite", ["@lovage/backend-sqlite"]],
  ["backend", "memory", ["@lovage/backend-memory"]],
  ["backend", "rpc", ["@lovage/backend-amqp"]],
  ["transport", "nats", ["@lovage/transport-nats", "lovage-transport-nats"]],
  ["backend", "constructor", ["@lovage/backend-constructor", "lovage-backend-constructor"]],
] as const)("a %s for %s: comes from %j", (kind, scheme, packages) => {
  expect(driverPackages(kind, scheme)).toEqual(packages);
});

test("rpc carries results only, sqs messages only", () => {
  expect(isOtherKind("transport", "rpc")).toBe(true);
  expect(isOtherKind("backend", "rpc")).toBe(false);
  expect(isOtherKind("backend", "sqs")).toBe(true);
  expect(isOtherKind("backend", "nats")).toBe(false);
});
