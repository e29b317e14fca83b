import * as fc from "fast-check";
import { expect, test } from "vitest";

import { readReply, replyProperties } from "./reply-message.ts";

const dayMs = 86_400_000;
const celery = { correlationId: "t1", contentType: "application/json", contentEncoding: "utf-8", headers: {} };
const reply = (text: string, properties: object = celery) =>
  readReply({ content: Buffer.from(text), properties }, dayMs);

/** As the client writes and reads what is given with a type. */
function throughClient({ headers, ...properties }: ReturnType<typeof replyProperties>): object {
  const read = Object.entries(headers ?? {}).map(([name, value]) => [
    name,
    typeof value === "object" && value !== null ? (value as { readonly value?: unknown }).value : value,
  ]);
  return { ...properties, headers: Object.fromEntries(read) as object };
}

test("what was written is read, whatever the document", () => {
  const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  const puts = fc.record({
    taskId: fc.string({ minLength: 1 }),
    state: fc.string({ minLength: 1 }),
    document: fc.string({ unit: "grapheme" }),
    fence: fc.option(fc.tuple(count, count), { nil: null }),
    expiresInMs: fc.integer({ min: 1 }),
  });
  fc.assert(
    fc.property(puts, (put) => {
      expect(reply(put.document, throughClient(replyProperties(put)))).toEqual(put);
    }),
  );
});

test("Celery's client, which waits as well, reads how long a result is kept", () => {
  const put = { taskId: "t1", state: "SUCCESS", document: "{}", fence: null, expiresInMs: 5_000 };
  expect(replyProperties(put).headers).toMatchObject({ "x-lovage-expires-ms": { "!": "int32", value: 5_000 } });
});

test("a result of Celery's says its state in the document, and is kept as long as the reader says", () => {
  const document = '{"status": "RETRY", "result": null, "task_id": "t1"}';
  expect(reply(document)).toEqual({ taskId: "t1", state: "RETRY", document, fence: null, expiresInMs: dayMs });
  expect(reply(document, { ...celery, correlationId: undefined })).toMatchObject({ taskId: "t1", state: "RETRY" });
});

test("a result of Celery's with a NaN, which is no JSON, is kept for the one who can read it", () => {
  const document = '{"task_id": "t1", "status": "SUCCESS", "result": NaN, "traceback": null, "children": []}';
  expect(reply(document)).toMatchObject({ taskId: "t1", state: "SUCCESS", document });
});

test.each([
  ["no status", '{"task_id":"t1"}', celery, /no status/],
  ["no JSON", "{", celery, /no status/],
  ["a JSON that is no object", "[1]", celery, /no status/],
  ["no task", '{"status":"SUCCESS"}', { ...celery, correlationId: undefined }, /names no task/],
  [
    "a pickle",
    "x",
    { ...celery, contentType: "application/x-python-serialize" },
    /content type "application\/x-python/,
  ],
  [
    "compression",
    "x",
    { ...celery, headers: { compression: "application/x-gzip" } },
    /compression "application\/x-gzip/,
  ],
  ["nothing at all", "", {}, /names no task/],
])("a reply with %s is not read, and says why", (_, text, properties, why) => {
  expect(reply(text, properties)).toMatchObject({ unreadable: expect.stringMatching(why) as string });
});

test("headers of any shape are never taken for a fence or an expiry", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const headers = { "x-lovage-fence": value, "x-lovage-expires-ms": value };
      const read = reply('{"status":"SUCCESS"}', { ...celery, headers });
      if ("unreadable" in read) return;
      expect(read.fence === null || read.fence.every(Number.isSafeInteger)).toBe(true);
      expect(read.expiresInMs).toBeGreaterThan(0);
    }),
  );
});
