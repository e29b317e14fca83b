import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { systemClock } from "@lovage/foundation";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { readArrival } from "../message/arrival.ts";
import { BrokerClock } from "./delays.ts";
import { encodeBody } from "../message/envelope.ts";
import { delayedOutgoing, type Outgoing } from "../calls/send.ts";
import { blankStamp, writeStamp } from "../message/stamp.ts";
import { connectToEmulator } from "../test-support/connect-to-emulator.ts";

const longestMs = 900_000;
const tenYearsMs = 315_576_000_000;

/** Takes a message through the queue, hop by hop. @returns when it is delivered, after so many hops */
function travel(waitMs: number, slackMs: number): { readonly atMs: number; readonly hops: number } {
  const clock = new BrokerClock(() => 0);
  let outgoing: Outgoing = delayedOutgoing("body", blankStamp, waitMs);
  for (let [atMs, hops] = [0, 1]; ; hops += 1) {
    const sentAtMs = atMs;
    atMs += (outgoing.delaySeconds ?? 0) * 1_000 + slackMs;
    const arrival = readArrival(
      "q",
      {
        MessageId: "m",
        ReceiptHandle: "h",
        Body: outgoing.body,
        Attributes: {
          ApproximateReceiveCount: "1",
          SentTimestamp: String(sentAtMs),
          ApproximateFirstReceiveTimestamp: String(atMs),
        },
        MessageAttributes: writeStamp(outgoing.stamp) ?? {},
      },
      0,
    );
    const leftMs = clock.leftOf(arrival);
    if (leftMs <= 0) return { atMs, hops };
    outgoing = delayedOutgoing(arrival.body, arrival.stamp, leftMs);
  }
}

describe("a delay beyond what SQS can", () => {
  it("goes on in hops of the longest that it can, and is never early and hardly late", () => {
    const waits = fc.oneof(fc.integer({ min: 0, max: 10 * longestMs }), fc.integer({ min: 0, max: 40 * 86_400_000 }));
    fc.assert(
      fc.property(waits, fc.integer({ min: 0, max: 800 }), (waitMs, slackMs) => {
        const { atMs, hops } = travel(waitMs, slackMs);
        expect(atMs).toBeGreaterThanOrEqual(waitMs);
        expect(atMs - waitMs).toBeLessThan(1_000 + slackMs);
        expect(hops).toBeLessThanOrEqual(Math.max(1, Math.ceil(waitMs / longestMs)));
      }),
    );
    expect(delayedOutgoing("body", blankStamp, tenYearsMs)).toMatchObject({
      delaySeconds: 900,
      stamp: { waitMs: tenYearsMs },
    });
  });

  it("is not delivered when it comes out of a hop before its time, and is then, uncounted", async () => {
    const { connection, endpoint } = await connectToEmulator();
    await connection.declare({ queues: [{ name: "q" }] });
    const client = new SQSClient({
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    onTestFinished(() => client.destroy());
    const properties = { messageId: "later", contentType: "text/plain", contentEncoding: "utf-8" };
    const sentAtMs = systemClock.now();
    await client.send(
      new SendMessageCommand({
        QueueUrl: `${endpoint}/000000000000/q`,
        MessageBody: encodeBody({ headers: {}, properties, body: new Uint8Array() }, "q"),
        MessageAttributes: writeStamp({ ...blankStamp, waitMs: 2_500 }),
      }),
    );
    const deliveries: { readonly atMs: number; readonly count: number; readonly redelivered: boolean }[] = [];
    await connection.consume({
      queue: "q",
      prefetch: 1,
      onDelivery: (delivery) => {
        deliveries.push({ atMs: systemClock.now(), count: delivery.count, redelivered: delivery.redelivered });
        void delivery.ack();
      },
    });
    await vi.waitUntil(() => deliveries.length > 0, { timeout: 14_000, interval: 20 });
    expect(deliveries).toMatchObject([{ count: 1, redelivered: false }]);
    expect(deliveries[0]!.atMs - sentAtMs).toBeGreaterThanOrEqual(2_499);
  });
});
