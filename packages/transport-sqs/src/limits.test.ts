import { silentLog } from "@lovage/foundation";
import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { describe, expect, it, vi } from "vitest";

import { connectToEmulator } from "./test-support/connect-to-emulator.ts";

const waiting = { timeout: 10_000, interval: 20 };

async function connect(options: Parameters<typeof connectToEmulator>[0] = {}): Promise<Connection> {
  return (await connectToEmulator(options)).connection;
}

function message(messageId: string, inMs?: number): OutgoingMessage {
  const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
  const delay = inMs === undefined ? {} : { notBefore: { inMs } };
  return { to: "q", headers: {}, properties, body: new Uint8Array(), ...delay };
}

async function hold(connection: Connection): Promise<Delivery[]> {
  const held: Delivery[] = [];
  await connection.consume({ queue: "q", prefetch: 1, onDelivery: (delivery) => void held.push(delivery) });
  await vi.waitUntil(() => held.length > 0, waiting);
  return held;
}

describe("the limits of SQS", () => {
  it.each(["loop", "thread"] as const)(
    "row 29: a message renewed by the %s is handed over, uncounted, before SQS would show it, and its holder is told",
    async (renewal) => {
      // Longer than a busy machine keeps a process waiting: a lease that is not renewed in time would end first, and count.
      const connection = await connect({ lease: 4_000, ceilingMs: 2_500, renewal });
      await connection.declare({ queues: [{ name: "q" }] });
      await connection.publish([message("long")]);
      const held = await hold(connection);
      await vi.waitUntil(() => held[0]?.signal.aborted, waiting);
      await expect(held[0]?.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
      await vi.waitUntil(() => held.length > 1, waiting);
      expect(held[1]).toMatchObject({ count: 1, redelivered: true });
      await held[1]?.ack();
    },
  );

  it("row 29: tells how long a message may be held, so that no worker starts with a task that may run for longer", async () => {
    const connection = await connect();
    await connection.declare({ queues: [{ name: "q" }] });
    expect(connection.capabilitiesOf("q").hold).toMatchObject({ maxMs: 12 * 3_600_000 - 300_000 });
  });

  it("row 29: holds a message with a long lease for less, since SQS does not prolong one past twelve hours", async () => {
    const lease = 3_600_000;
    const connection = await connect({ lease });
    await connection.declare({ queues: [{ name: "q" }] });
    expect(connection.capabilitiesOf("q").hold?.maxMs).toBeLessThan(12 * 3_600_000 - lease);
  });

  it("row 29: holds a message of a FIFO queue for an hour less, which it may have waited in line", async () => {
    const connection = await connect();
    await connection.declare({ queues: [{ name: "orders.fifo" }] });
    expect(connection.capabilitiesOf("orders.fifo").hold).toMatchObject({ maxMs: 11 * 3_600_000 - 300_000 });
  });

  it("purging takes all that waits, and with something in work only what is ready", async () => {
    const connection = await connect();
    await connection.declare({ queues: [{ name: "q" }] });
    await connection.publish([message("a"), message("b"), message("later", 60_000)]);
    expect(await connection.admin.purge("q")).toBe(3);
    await connection.publish([message("held"), message("c"), message("later", 60_000)]);
    const held = await hold(connection);
    expect(await connection.admin.purge("q")).toBe(1);
    await held[0]?.ack();
    expect(await connection.admin.inspect(["q"])).toMatchObject([{ ready: 0, delayed: 1, unsettled: 0 }]);
  });

  it("purging what is only ready leaves what is sent right after it: SQS itself would delete that for another minute", async () => {
    const warnings: string[] = [];
    const connection = await connect({ log: { ...silentLog, warn: (text) => void warnings.push(text) } });
    await connection.declare({ queues: [{ name: "q" }] });
    await connection.publish([message("a"), message("b")]);
    expect(await connection.admin.purge("q")).toBe(2);
    expect(warnings).toEqual([]);
    await connection.publish([message("later", 60_000)]);
    expect(await connection.admin.purge("q")).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("may be deleted as well")]);
  });

  it("a purge ends while others publish, and leaves what came after it began", { timeout: 30_000 }, async () => {
    const connection = await connect();
    await connection.declare({ queues: [{ name: "q" }] });
    await connection.publish([message("before")]);
    const purged = new AbortController();
    const publishing = (async (): Promise<void> => {
      while (!purged.signal.aborted) await connection.publish(Array.from({ length: 10 }, () => message("after")));
    })();
    const removed = await connection.admin.purge("q");
    purged.abort();
    await publishing;
    expect(removed).toBeGreaterThan(0);
    const [stats] = await connection.admin.inspect(["q"]);
    expect(stats?.ready).toBeGreaterThan(0);
  });

  it("refuses dead letters that are to be kept for less than a minute, and options it does not know", async () => {
    const connection = await connect();
    const declare = (options: object): Promise<void> => connection.declare({ queues: [{ name: "q", ...options }] });
    await expect(declare({ deadLetterRetentionMs: 59_000 })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    await expect(declare({ driver: { grupp: "a" } })).rejects.toMatchObject({ code: "FEATURE_UNSUPPORTED" });
    await expect(declare({ driver: { group: "a" } })).rejects.toMatchObject({ code: "FEATURE_UNSUPPORTED" });
    expect(await connection.admin.list()).toEqual([]);
  });

  it("does not let two names become one queue", async () => {
    const connection = await connect();
    await connection.declare({ queues: [{ name: "a.b" }] });
    const second = connection.declare({ queues: [{ name: "a-b" }] });
    await expect(second).rejects.toMatchObject({ code: "TOPOLOGY_MISMATCH" });
  });

  it.each([
    ["a queue", "orders.fifo", "orders.delay"],
    ["a FIFO queue", "orders.delay", "orders.fifo"],
  ])("does not let %s be, or have, what a FIFO queue delays beside another: %s, %s", async (_, first, second) => {
    const connection = await connect();
    await connection.declare({ queues: [{ name: first }] });
    await connection.admin.inspect([first]);
    await connection.declare({ queues: [{ name: first }] });
    const other = connection.declare({ queues: [{ name: second }] });
    await expect(other).rejects.toMatchObject({ code: "TOPOLOGY_MISMATCH" });
  });

  it("tells that dead letters are kept for longer or shorter than declared, where their queue is there already", async () => {
    const warnings: string[] = [];
    const { connection, endpoint } = await connectToEmulator();
    await connection.declare({ queues: [{ name: "q" }] });
    const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
    const target = { endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
    const second = await connect({ target, log });
    await second.declare({ queues: [{ name: "q" }] });
    expect(warnings).toEqual([]);
    await second.declare({ queues: [{ name: "other" }] });
    const third = await connect({ target, log });
    await third.declare({ queues: [{ name: "q", deadLetterRetentionMs: 86_400_000 }] });
    expect(warnings).toEqual([expect.stringContaining("1209600 s, as their queue in SQS says, not for 86400 s")]);
  });
});
