import type { Delivery, Headers } from "@lovage/transport";
import { expect, test } from "vitest";

import { mayBeSecond } from "./inbox.ts";

const asks = (headers: Headers, redelivered = false): boolean =>
  mayBeSecond({ message: { headers, properties: { messageId: "m" } }, redelivered } as Delivery);

test("the inbox is asked about what came through an outbox, what comes again, and the copy that a worker made of such", () => {
  expect(asks({})).toBe(false);
  expect(asks({ "x-lovage-outbox": "call/publication" })).toBe(true);
  expect(asks({}, true)).toBe(true);
  expect(asks({ "x-lovage-redelivered": 1 })).toBe(true);
});
