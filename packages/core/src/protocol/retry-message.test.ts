import { expect, test } from "vitest";

import { decodeTask } from "./decode-task.ts";
import { retryMessage } from "./retry-message.ts";
import { aMessage } from "./test-support/calls.ts";
import { capture } from "./test-support/captures.ts";

const id = "11111111-1111-4111-8111-111111111111";

test("a retry keeps the body's bytes and every header it does not know", () => {
  const original = aMessage({
    headers: { "x-h": "v", expires: "2026-01-01T00:00:00", redelivered: true },
    properties: { priority: 3 },
  });
  const retry = retryMessage(original, decodeTask(original), { retries: 1 });
  expect(retry.body).toBe(original.body);
  expect(retry.headers).toEqual({
    lang: "py",
    task: "shop.add",
    id,
    "x-h": "v",
    expires: "2026-01-01T00:00:00",
    retries: 1,
  });
  expect(retry.properties).toMatchObject({ messageId: `${id}:1`, priority: 3 });
});

test("a retry for Celery names its instant and itself as its parent, as Celery's own retry does", () => {
  const { message } = capture("basic");
  const retry = retryMessage(message, decodeTask(message), { retries: 1, etaMs: 1_500, celery: true });
  expect(Object.keys(retry.headers).toSorted()).toEqual(Object.keys(message.headers).toSorted());
  expect(retry.headers).toEqual({
    ...message.headers,
    retries: 1,
    eta: "1970-01-01T00:00:01.500000+00:00",
    parent_id: id,
  });
});

test("the instant of the last run does not stay", () => {
  const { message } = capture("countdown");
  expect(decodeTask(retryMessage(message, decodeTask(message), { retries: 1 })).etaMs).toBeUndefined();
  expect(retryMessage(message, decodeTask(message), { retries: 1, celery: true }).headers["eta"]).toBeNull();
});

test("a message of protocol 1 can be retried over its own body", () => {
  const { message } = capture("protocol-1");
  const call = decodeTask(message);
  const retried = decodeTask(retryMessage(message, call, { retries: 1 }));
  const { etaMs: _etaMs, ...rest } = call;
  expect(retried).toEqual({ ...rest, retries: 1 });
});
