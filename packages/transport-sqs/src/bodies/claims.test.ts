import {
  TransportBusyError,
  TransportRejectedError,
  type Connection,
  type Delivery,
  type OutgoingMessage,
} from "@lovage/transport";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { SqsApi } from "../sqs-api.ts";
import { connectToEmulator } from "../test-support/connect-to-emulator.ts";
import { MemoryClaimCheck } from "../test-support/memory-claim-check.ts";

const waiting = { timeout: 20_000, interval: 20 };
const large = new Uint8Array(2_000_000).fill(7);

let check: MemoryClaimCheck;
let connection: Connection;
let stop: () => Promise<void>;

beforeEach(async () => {
  check = new MemoryClaimCheck();
  ({ connection, stop } = await connectToEmulator({ claimCheck: check, maxMessageBytes: check.maxBytes }));
  await connection.declare({ queues: [{ name: "q" }, { name: "py", consumers: "celery" }] });
});

function message(messageId: string, body: Uint8Array, to = "q"): OutgoingMessage {
  return {
    to,
    headers: { id: messageId },
    properties: { messageId, contentType: "x", contentEncoding: "binary" },
    body,
  };
}

async function consume(): Promise<Delivery[]> {
  const held: Delivery[] = [];
  await connection.consume({ queue: "q", prefetch: 10, onDelivery: (delivery) => void held.push(delivery) });
  return held;
}

async function nth(held: readonly Delivery[], count: number): Promise<Delivery> {
  await vi.waitUntil(() => held.length >= count, waiting);
  return held[count - 1]!;
}

const until = (condition: () => boolean): Promise<unknown> => vi.waitUntil(condition, waiting);

describe("the claim check", () => {
  it("carries a body that is too large for SQS, and keeps it no longer than its message", async () => {
    await connection.publish([message("large", large), message("small", new Uint8Array(3))]);
    expect([...check.bodies.keys()]).toEqual([expect.stringMatching(/^q\/[\w-]+$/)]);
    const held = await consume();
    await nth(held, 2);
    const one = held.find((each) => each.message.properties.messageId === "large");
    expect(Buffer.compare(one!.message.body, large)).toBe(0);
    expect(one!.message.headers).toEqual({ id: "large" });
    await one!.ack();
    await until(() => check.bodies.size === 0);
  });

  it("keeps the body of what is released", async () => {
    await connection.publish([message("large", large)]);
    const held = await consume();
    await (await nth(held, 1)).release();
    const again = await nth(held, 2);
    expect(again).toMatchObject({ redelivered: true, count: 1 });
    expect(again.message.body.byteLength).toBe(large.byteLength);
    await again.ack();
    await until(() => check.bodies.size === 0);
  });

  it("goes along into the dead letters, back from there, and ends with them", async () => {
    await connection.publish([message("large", large)]);
    const held = await consume();
    await (await nth(held, 1)).reject({ reason: "failed" });
    await until(() => [...check.bodies.keys()].every((key) => key.startsWith("q-dead/")) && check.bodies.size === 1);
    expect(await connection.admin.replay("q.dead", { first: 10 })).toBe(1);
    const back = await nth(held, 2);
    expect(back.message.body.byteLength).toBe(large.byteLength);
    await back.reject({ reason: "failed" });
    expect(await connection.admin.drop("q.dead", { first: 10 })).toBe(1);
    expect(check.bodies.size).toBe(0);
  });

  it("keeps no acknowledgement waiting for a body to be deleted", async () => {
    const deleted = Promise.withResolvers<void>();
    check.onDelete = () => deleted.promise;
    await connection.publish([message("large", large)]);
    await (await nth(await consume(), 1)).ack();
    expect(check.bodies.size).toBe(1);
    deleted.resolve();
    await until(() => check.bodies.size === 0);
  });

  it("keeps nobody waiting for a body that takes its time: neither small messages nor other acknowledgements", async () => {
    await connection.publish([message("head", new Uint8Array(3)), message("plain", new Uint8Array(3))]);
    const held = await consume();
    await nth(held, 2);
    const byId = (id: string): Delivery => held.find((each) => each.message.properties.messageId === id)!;
    const kept = Promise.withResolvers<void>();
    check.onPut = () => kept.promise;
    let isOver = false;
    const slow = [connection.publish([message("large", large)]), byId("head").ack([message("next", large)])];
    const over = Promise.all(slow).then(() => (isOver = true));
    await connection.publish([message("small", new Uint8Array(3))]);
    await byId("plain").ack();
    await nth(held, 3);
    expect([isOver, held[2]?.message.properties.messageId]).toEqual([false, "small"]);
    kept.resolve();
    await over;
    await nth(held, 5);
    await Promise.all(held.slice(2).map((each) => each.ack()));
    await until(() => check.bodies.size === 0);
  });

  it("keeps a body once, however often its message has to be sent", async () => {
    await connection.publish([message("head", new Uint8Array(3))]);
    const one = await nth(await consume(), 1);
    const send = SqsApi.prototype.call;
    let tries = 0;
    const failing = vi.spyOn(SqsApi.prototype, "call").mockImplementation(function (this: SqsApi, ...args) {
      if (args[1]?.publishes !== true || (tries += 1) > 2) return send.apply(this, args) as Promise<never>;
      return Promise.reject(new TransportBusyError("Throttled."));
    });
    onTestFinished(() => failing.mockRestore());
    await one.ack([message("next", large)]);
    expect([tries, check.bodies.size]).toEqual([3, 1]);
  });

  it("keeps some bodies at a time: each has its own time for it", async () => {
    let [underWay, most] = [0, 0];
    check.onPut = async () => {
      most = Math.max(most, (underWay += 1));
      await new Promise((resolve) => void setImmediate(resolve));
      underWay -= 1;
    };
    await connection.publish(Array.from({ length: 40 }, (_, index) => message(`large-${index}`, large)));
    expect([check.bodies.size, most]).toEqual([40, 16]);
  });

  it("leaves nothing but a body when the end comes between keeping it and sending", async () => {
    check.onPut = stop;
    await expect(connection.publish([message("large", large)], { timeoutMs: 2_000 })).rejects.toMatchObject({
      retryable: true,
    });
    expect(check.bodies.size).toBeGreaterThan(0);
  });

  it("leaves no body of what SQS refuses", async () => {
    const send = SqsApi.prototype.call;
    const refusing = vi.spyOn(SqsApi.prototype, "call").mockImplementation(function (this: SqsApi, ...args) {
      if (args[1]?.publishes !== true) return send.apply(this, args) as Promise<never>;
      return Promise.reject(new TransportRejectedError("Access denied."));
    });
    onTestFinished(() => refusing.mockRestore());
    await expect(connection.publish([message("large", large)])).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
    await until(() => check.bodies.size === 0);
  });

  it("sends nothing of which the body could not be kept, and all the rest", async () => {
    check.isAway = true;
    const both = [message("large", large), message("small", new Uint8Array(3))];
    const failures = [{ messageId: "large", error: { code: "CLAIM_CHECK_UNAVAILABLE", retryable: true } }];
    await expect(connection.publish(both)).rejects.toMatchObject({ code: "PUBLISH_FAILED", failures });
    // The broker is there all the same.
    expect(connection.state).toBe("open");
    expect((await nth(await consume(), 1)).message.properties.messageId).toBe("small");
  });

  it("tells what is too large before it keeps anything: headers, bodies over its own limit, and what Python is to read", async () => {
    const refused = { code: "MESSAGE_TOO_LARGE" };
    const heavy = { ...message("headers", large), headers: { text: "x".repeat(700_000) } };
    await expect(connection.publish([heavy])).rejects.toMatchObject(refused);
    await expect(connection.publish([message("huge", new Uint8Array(9_000_000))])).rejects.toMatchObject(refused);
    await expect(connection.publish([message("python", large, "py")])).rejects.toMatchObject(refused);
    expect(check.bodies.size).toBe(0);
  });

  it("tries again to fetch, uncounted, while the bodies are out of reach", async () => {
    await connection.publish([message("large", large)]);
    check.isAway = true;
    const held = await consume();
    const counts = async (): Promise<boolean> => ((await connection.admin.inspect(["q"]))[0]?.delayed ?? 0) > 0;
    await vi.waitUntil(counts, waiting);
    check.isAway = false;
    const one = await nth(held, 1);
    expect([one.count, one.message.body.byteLength]).toEqual([1, large.byteLength]);
    await one.ack();
  });

  it("gives a message whose body is gone as it is, for its consumer to refuse", async () => {
    await connection.publish([message("large", large)]);
    check.bodies.clear();
    const one = await nth(await consume(), 1);
    expect(one.message.body.byteLength).toBe(0);
    expect(one.message.headers).toHaveProperty("x-lovage-claim");
    await one.ack();
  });
});
