import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBody, encodeBody } from "./message/envelope.ts";
import { kindOf, kindOfCode, transportError } from "./failure.ts";
import { freshOutgoing } from "./calls/send.ts";
import { blankStamp, readStamp, writeStamp } from "./message/stamp.ts";

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

  it("names the queue as it is called here, as Kombu does: a retry of Python's goes to the queue of that name", () => {
    const [queue, sqsName] = ["celery.low@prio", "pre-celery-low_prio"];
    const url = `https://sqs.eu-central-1.amazonaws.com/1/${sqsName}`;
    const known = { queue, sqsName, url, isFifo: false, maxBytes: 1_048_576, group: undefined, isShared: true };
    const properties = { messageId: "m", contentType: "application/json", contentEncoding: "utf-8" };
    const { body } = freshOutgoing({ headers: {}, properties, body: new Uint8Array() }, known);
    const envelope = JSON.parse(Buffer.from(body, "base64").toString()) as { readonly properties: object };
    expect(envelope.properties).toMatchObject({ delivery_info: { exchange: "", routing_key: queue } });
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
    ["ServiceUnavailable", "failing"],
    ["InternalError", "failing"],
    ["OverLimit", "busy"],
    ["ReceiptHandleIsInvalid", "lost"],
    ["AWS.SimpleQueueService.MessageNotInflight", "lost"],
    ["AccessDeniedException", "denied"],
    ["CredentialsProviderError", "unsigned"],
    ["InvalidParameterValue", "invalid"],
  ])("%s is %s", (code, kind) => {
    expect(kindOfCode(code)).toBe(kind);
  });

  it.each([
    "Value AQEBx for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.",
    "Value AQEBx for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
  ])("is a lost message where SQS says that of its handle: %s", (text) => {
    expect(kindOfCode("InvalidParameterValue", true, text)).toBe("lost");
    expect(kindOf(Object.assign(new Error(text), { name: "InvalidParameterValueException" }))).toBe("lost");
  });

  it("is another where SQS refuses what was asked of a message", () => {
    const text =
      "Value 50000 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].";
    expect(kindOfCode("InvalidParameterValue", true, text)).toBe("invalid");
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
    expect(kindOf(Object.assign(new Error("no"), { $metadata: { httpStatusCode: 502 } }))).toBe("failing");
    expect(kindOfCode("Whatever", false)).toBe("busy");
  });
});
