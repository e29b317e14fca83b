import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBody, encodeBody } from "./envelope.ts";
import { kindOf, kindOfCode, transportError } from "./failure.ts";
import { blankStamp, readStamp, writeStamp } from "./stamp.ts";

describe("the envelope", () => {
  it("gives back every message", () => {
    const headers = fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      fc.oneof(fc.string(), fc.integer()),
    );
    fc.assert(
      fc.property(headers, fc.uint8Array(), fc.string({ minLength: 1 }), (given, body, messageId) => {
        const properties = { messageId, contentType: "application/json", contentEncoding: "utf-8", key: "k" };
        const read = decodeBody(encodeBody({ headers: given, properties, body }, "q"), "sqs-id");
        expect({ ...read.headers }).toEqual({ ...given });
        expect(read.properties).toEqual(properties);
        expect([...read.body]).toEqual([...body]);
      }),
    );
  });

  it("is read in base64 and as it is", () => {
    const envelope = { body: "e30=", properties: { body_encoding: "base64", correlation_id: "c", delivery_tag: "t" } };
    const text = JSON.stringify(envelope);
    for (const body of [text, Buffer.from(text).toString("base64")]) {
      const { properties, body: bytes } = decodeBody(body, "sqs-id");
      expect(properties).toMatchObject({ messageId: "t", correlationId: "c" });
      expect(Buffer.from(bytes).toString()).toBe("{}");
    }
  });

  it.each(["", "hello", "{", "[1]", "eyJhIjoxfQ=="])("takes %j, which is none, for a body", (text) => {
    const { properties, body, headers } = decodeBody(text, "sqs-id");
    expect([properties.messageId, Buffer.from(body).toString(), headers]).toEqual(["sqs-id", text, {}]);
  });
});

describe("the stamp", () => {
  it("is written only when there is something to tell, and gives it back", () => {
    expect(writeStamp(blankStamp)).toBeUndefined();
    const next = { queue: "a.fifo", group: "g", deduplication: "d" };
    const stamp = { losses: 2, fence: 1_700_000_000_123, redelivered: true, waitMs: 5_000, misses: 3, next };
    expect(readStamp(writeStamp(stamp))).toEqual(stamp);
  });

  it.each([undefined, "", "null", "[]", '{"l":-1,"f":"x","r":2,"w":1.5,"n":{"queue":1}}'])(
    "reads %j as blank",
    (text) => {
      expect(readStamp(text === undefined ? undefined : { lovage: { DataType: "String", StringValue: text } })).toEqual(
        blankStamp,
      );
    },
  );
});

describe("the kind of a failure", () => {
  it.each([
    ["AWS.SimpleQueueService.NonExistentQueue", "missing"],
    ["QueueDoesNotExist", "missing"],
    ["com.amazonaws.sqs#ThrottlingException", "busy"],
    ["RequestThrottled", "busy"],
    ["ServiceUnavailable", "busy"],
    ["InternalError", "busy"],
    ["OverLimit", "busy"],
    ["ReceiptHandleIsInvalid", "lost"],
    ["AWS.SimpleQueueService.MessageNotInflight", "lost"],
    ["AccessDeniedException", "denied"],
    ["CredentialsProviderError", "denied"],
    ["InvalidParameterValue", "invalid"],
  ])("%s is %s", (code, kind) => {
    expect(kindOfCode(code)).toBe(kind);
  });

  it.each([
    ["Error: Region is missing", "AWS_REGION"],
    ["Error: write EPROTO 0A00010B:SSL routines:tls_validate_record_header:wrong version number:355:\n", "endpoint"],
    ["InvalidParameterValue: no", "SQS will not do this."],
  ])("is told with what to do, in one line: %j", (text, told) => {
    const { message } = transportError({ kind: "invalid", text });
    expect(message).toContain(told);
    expect(message).not.toContain("\n");
  });

  it("is told by what happened on the way, too", () => {
    expect(kindOf(Object.assign(new Error("no"), { code: "ECONNREFUSED" }))).toBe("unreachable");
    expect(kindOf(Object.assign(new Error("no"), { code: "ECONNRESET" }))).toBe("broken");
    expect(kindOf(new SyntaxError("Unexpected token"))).toBe("broken");
    expect(kindOf(Object.assign(new Error("no"), { $metadata: { httpStatusCode: 502 } }))).toBe("busy");
    expect(kindOfCode("Whatever", false)).toBe("busy");
  });
});
