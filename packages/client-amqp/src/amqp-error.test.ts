import { expect, it } from "vitest";

import { toAmqpError } from "./amqp-error.ts";

it.each([
  [
    "403 (ACCESS-REFUSED) with message \"ACCESS_REFUSED - access to queue 'orders.404' in vhost '/' refused\"",
    "denied",
  ],
  ["406 (PRECONDITION-FAILED) with message \"invalid arg 'x-message-ttl' for queue 'socket' in vhost '404'\"", "other"],
  ["404 (NOT-FOUND) with message \"NOT_FOUND - no exchange 'heartbeat' in vhost '/'\"", "missing"],
  ["406 with message \"inequivalent arg 'x-queue-type' for queue 'q.405' in vhost '/': received none\"", "mismatch"],
])("tells what happened by the broker's words, not by the names in them: %s", (text, kind) => {
  expect(toAmqpError(new Error(`Operation failed: QueueDeclare; ${text}`), "host", "declaring").kind).toBe(kind);
});
