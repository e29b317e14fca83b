import { AmqpError, toAmqpError } from "@lovage/client-amqp";
import { expect, it } from "vitest";

import { toTransportError } from "./errors.ts";

const to = { exchange: "", routingKey: "mail" };

it.each([
  ["refused", "TRANSPORT_UNAVAILABLE", true],
  ["broken", "PUBLISH_UNCERTAIN", true],
  ["unavailable", "TRANSPORT_UNAVAILABLE", true],
  ["unroutable", "MESSAGE_UNROUTABLE", false],
  ["denied", "TRANSPORT_REJECTED", false],
] as const)("a publication that failed as %s is told as %s", (kind, code, retryable) => {
  expect(toTransportError(new AmqpError("why", { kind }), { to })).toMatchObject({ code, retryable });
});

it.each([
  "home node 'rabbit@two' of durable queue 'mail' in vhost '/' is down or inaccessible",
  "queue 'mail' in vhost '/' process is stopped by supervisor",
  "failed to perform operation on queue 'mail' in vhost '/' due to timeout",
])("a queue that comes back with its node is not taken for one that does not exist: %s", (text) => {
  const error = toAmqpError(
    new Error(`Channel closed by server: 404 (NOT-FOUND) with message "NOT_FOUND - ${text}"`),
    "a",
    "b",
  );
  expect(toTransportError(error, { to })).toMatchObject({ code: "TRANSPORT_UNAVAILABLE", retryable: true });
  expect(toTransportError(error, { name: "mail" })).toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
});
