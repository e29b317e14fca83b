import { messageBytes } from "@lovage/transport";
import type { Message } from "@lovage/transport";
import { array, assert, boolean, property, string, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { decodeRevoke, encodeRevoke } from "./revoke-message.ts";

const command = (body: unknown): Message => ({
  headers: {},
  properties: { messageId: "m", contentType: "application/json", contentEncoding: "utf-8" },
  body: Buffer.from(JSON.stringify(body)),
});

test("is Celery's own form", () => {
  const message = encodeRevoke({ taskIds: ["a"], terminate: false });
  expect(JSON.parse(Buffer.from(message.body).toString())).toEqual({
    method: "revoke",
    arguments: { task_id: "a", terminate: false, signal: "SIGTERM" },
    destination: null,
    pattern: null,
    matcher: null,
  });
});

test("is read as it was written", () => {
  assert(
    property(array(string(), { minLength: 1 }), boolean(), (taskIds, terminate) => {
      expect(decodeRevoke(encodeRevoke({ taskIds, terminate }), "w1")).toEqual({ taskIds, terminate });
    }),
  );
});

test("is read only by those whom it is meant for", () => {
  const revoke = { method: "revoke", arguments: { task_id: "a" } };
  expect(decodeRevoke(command({ ...revoke, destination: ["w1@host"] }), "w1@host")).toEqual({
    taskIds: ["a"],
    terminate: false,
  });
  expect(decodeRevoke(command({ ...revoke, destination: ["w2@host"] }), "w1@host")).toBeUndefined();
});

test.each([
  [{ destination: [] }, true],
  [{ pattern: "w1*", matcher: "glob" }, true],
  [{ pattern: "w?@host", matcher: "glob" }, true],
  [{ pattern: "w2*", matcher: "glob" }, false],
  [{ pattern: "w1", matcher: "glob" }, false],
  [{ pattern: "w[12]", matcher: "pcre" }, true],
  [{ pattern: "a|@host", matcher: "pcre" }, false],
  [{ pattern: "(w1", matcher: "pcre" }, false],
  [{ pattern: "w1*", matcher: "sql" }, false],
  [{ pattern: 5, matcher: "glob" }, false],
  [{ pattern: "w2*", matcher: null }, true],
  [{ destination: ["w2@host"], pattern: "w1*", matcher: "glob" }, false],
])("%o is for w1@host, as Kombu has it: %s", (address, isForIt) => {
  const read = decodeRevoke(command({ method: "revoke", arguments: { task_id: "a" }, ...address }), "w1@host");
  expect(read !== undefined).toBe(isForIt);
});

test("terminate, of Celery's command line, is a revocation", () => {
  const body = { method: "terminate", arguments: { signal: "SIGTERM", task_id: ["a", "b"] } };
  expect(decodeRevoke(command(body), "w1")).toEqual({ taskIds: ["a", "b"], terminate: true });
});

test.each([
  [{ method: "ping" }],
  [null],
  [[]],
  [5],
  [{ method: "revoke" }],
  [{ method: "revoke", arguments: { task_id: 5 } }],
  [{ method: "terminate", arguments: { signal: "SIGTERM" } }],
])("%o is no revocation", (body) => {
  expect(decodeRevoke(command(body), "w1")).toBeUndefined();
});

test("whatever comes over the channel is survived", () => {
  assert(
    property(uint8Array(), (body) => {
      expect(decodeRevoke({ ...command(null), body }, "w1")).toBeUndefined();
    }),
  );
});

test("a revocation of the longest id fits the smallest limit that a transport may have", () => {
  expect(messageBytes(encodeRevoke({ taskIds: ['"'.repeat(200)], terminate: true }))).toBeLessThan(1_024);
});
