import { AmqpError } from "@lovage/client-amqp";
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
