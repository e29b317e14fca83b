import { describe, expect, it } from "vitest";

import { partsOf, sqsNameOf } from "./queues/queue-name.ts";
import { parseSqsUrl } from "./sqs-url.ts";

describe("the name of a queue in SQS", () => {
  it.each([
    ["celery", "", "celery"],
    ["celery.low@prio", "pre-", "pre-celery-low_prio"],
    ["orders.eu.fifo", "", "orders-eu.fifo"],
    ["mail.dead", "shop_", "shop_mail-dead"],
    ["orders.fifo.dead", "", "orders-fifo-dead"],
  ])("is Celery's: %s with prefix %j is %s", (queue, prefix, name) => {
    expect(sqsNameOf(queue, prefix)).toBe(name);
  });

  it("ends in a digest where it would be too long, and stays one queue's own", () => {
    const [one, two] = [sqsNameOf("x".repeat(120), "p-"), sqsNameOf("x".repeat(121), "p-")];
    expect([one.length, two.length]).toEqual([80, 80]);
    expect(one).not.toBe(two);
    expect(sqsNameOf(`${"x".repeat(120)}.fifo`, "")).toMatch(/^[\w-]{75}\.fifo$/);
  });

  it("brings its dead letters along, and a FIFO queue its delays", () => {
    expect(partsOf("mail")).toEqual(["mail", "mail.dead"]);
    expect(partsOf("orders.fifo")).toEqual(["orders.fifo", "orders.fifo.dead", "orders.delay"]);
    expect(partsOf("mail.dead")).toEqual(["mail.dead"]);
  });
});

describe("an sqs: URL", () => {
  it.each([
    ["sqs:", {}],
    ["sqs://", {}],
    ["sqs://AKIA:a%2Fb@", { credentials: { accessKeyId: "AKIA", secretAccessKey: "a/b" } }],
    ["sqs://localhost:4566", { endpoint: "http://localhost:4566" }],
    [
      "sqs://vpce-1.sqs.eu-central-1.vpce.amazonaws.com",
      { endpoint: "https://vpce-1.sqs.eu-central-1.vpce.amazonaws.com" },
    ],
  ])("%s is read", (url, location) => {
    expect(parseSqsUrl(url)).toEqual(location);
  });

  it.each(["sqs://key@", "sqs://:secret@", "sqs://a:b%zz@", "sqs://bad host", "sqs://h/path"])(
    "%s is refused",
    (url) => {
      expect(() => parseSqsUrl(url)).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID" }) as Error);
    },
  );

  it("does not show its secret when it is refused", () => {
    expect(() => parseSqsUrl("sqs://key:hush@bad host")).toThrow(/^(?!.*hush)/);
  });
});
