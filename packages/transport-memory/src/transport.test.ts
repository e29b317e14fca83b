import { silentLog, systemClock, virtualClock } from "@lovage/foundation";
import type { Clock } from "@lovage/foundation";
import type { BrowsedMessage, Connection, OutgoingMessage } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { memoryTransport } from "./memory-transport.ts";
import type { ParsedMemoryOptions } from "./options.ts";
import { transport } from "./transport.ts";

async function open(url: string, options: ParsedMemoryOptions = {}, clock: Clock = systemClock): Promise<Connection> {
  return await transport.open({ url, options, clock, log: silentLog, name: "test" });
}

const message = {
  to: "q",
  headers: {},
  properties: { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" },
  body: new Uint8Array([1]),
};

function outgoing(messageId: string, { priority = 0, inMs = 0 } = {}): OutgoingMessage {
  return { ...message, properties: { ...message.properties, messageId, priority }, notBefore: { inMs } };
}

function idOf({ message: { properties } }: BrowsedMessage): string {
  return properties.messageId;
}

describe("the memory transport", () => {
  it.each(["memory:", "memory://", "memory:shop", "memory://shop", "memory://shop/", "MEMORY:shop"])(
    "opens %s",
    async (url) => {
      const connection = await open(url);
      await connection.close();
      expect(connection.state).toBe("closed");
    },
  );

  it.each([
    ["memory://a b", {}, "CONFIGURATION_INVALID"],
    ["memory:?lesae=3s", {}, "CONFIGURATION_INVALID"],
    ["memory:?lease=soon", {}, "OPTION_INVALID"],
    ["memory:", { lease: 1_000, renewal: 900 }, "OPTION_INVALID"],
  ])("refuses %s", async (url, options, code) => {
    await expect(open(url, options)).rejects.toMatchObject({ code });
  });

  it("takes options from the URL, and prefers those beside it", async () => {
    const connection = await open("memory:?maxMessageBytes=2048&lease=3s", { maxMessageBytes: 4_096 });
    expect(connection.capabilities.maxMessageBytes).toBe(4_096);
    await connection.close();
  });

  it("shares a broker among connections of one name and clock, and with nobody else", async () => {
    const clock = virtualClock();
    const [one, same, other, later] = [
      await open("memory://shop", {}, clock),
      await open("memory:shop", {}, clock),
      await open("memory:", {}, clock),
      await open("memory:shop", {}, virtualClock()),
    ];
    await one.declare({ queues: [{ name: "q" }] });
    await one.publish([message]);
    const [seen, unseen, elsewhere] = await Promise.all([same, other, later].map((each) => each.admin.list()));
    expect([seen, unseen, elsewhere]).toEqual([["q"], [], []]);
    await one.close();
    expect(await same.admin.list()).toEqual(["q"]);
    await Promise.all([same, other, later].map((each) => each.close()));
  });

  it("forgets everything with the last connection", async () => {
    const clock = virtualClock();
    const first = await open("memory:shop", {}, clock);
    await first.declare({ queues: [{ name: "q" }] });
    await first.close();
    const second = await open("memory:shop", {}, clock);
    expect(await second.admin.list()).toEqual([]);
    await second.close();
  });

  it("is opened without a URL by memoryTransport, which refuses what it does not know", async () => {
    const connection = await memoryTransport({ name: "mine", lease: "3s" });
    expect(connection.state).toBe("open");
    await connection.close();
    const wrong = { lesae: "3s" } as Parameters<typeof memoryTransport>[0];
    await expect(memoryTransport(wrong)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  it("refuses options of a queue that it does not know", async () => {
    const connection = await open("memory:", {}, virtualClock());
    const declared = connection.declare({ queues: [{ name: "q", driver: { queueType: "quorum" } }] });
    await expect(declared).rejects.toMatchObject({ code: "FEATURE_UNSUPPORTED" });
    await connection.close();
  });

  it("browses on behind the last message of a page, wherever that is by then", async () => {
    const clock = virtualClock();
    const connection = await open("memory:browsed", {}, clock);
    await connection.declare({ queues: [{ name: "q" }] });
    await connection.publish(["a", "b", "c", "d"].map((id) => outgoing(id)));
    await connection.publish(["e", "f"].map((id) => outgoing(id, { priority: 9 })));
    await connection.publish(["g", "h", "i"].map((id, index) => outgoing(id, { inMs: 60_000 + index })));
    for (const [state, first, rest] of [
      ["ready", ["e", "f", "a"], ["b", "c", "d"]],
      ["delayed", ["g", "h"], ["i"]],
    ] as const) {
      const page = await connection.admin.browse("q", { state, limit: first.length });
      expect(page.messages.map(idOf)).toEqual(first);
      await connection.admin.drop("q", { messageIds: first });
      const { messages } = await connection.admin.browse("q", { state, cursor: page.next ?? "" });
      expect(messages.map(idOf)).toEqual(rest);
      const other = state === "ready" ? "delayed" : "ready";
      await expect(connection.admin.browse("q", { state: other, cursor: page.next ?? "" })).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
    }
    await connection.close();
  });

  it("drops dead letters once they were kept long enough", async () => {
    const clock = virtualClock();
    const connection = await open("memory:", {}, clock);
    await connection.declare({ queues: [{ name: "q", deadLetterRetentionMs: 60_000 }] });
    await connection.publish([message]);
    await connection.consume({ queue: "q", prefetch: 1, onDelivery: (each) => void each.reject({ reason: "failed" }) });
    await clock.advance(59_000);
    expect(await connection.admin.inspect(["q"])).toMatchObject([{ dead: 1 }]);
    await clock.advance(7_000);
    expect(await connection.admin.inspect(["q"])).toMatchObject([{ dead: 0 }]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("keeps the time of a delay when the wall clock is set", async () => {
    const clock = virtualClock();
    const skewed = { ...bind(clock), now: () => clock.now() + stepMs };
    let stepMs = 0;
    const connection = await open("memory:", {}, skewed);
    await connection.declare({ queues: [{ name: "q" }] });
    const seen: number[] = [];
    await connection.consume({ queue: "q", prefetch: 2, onDelivery: () => void seen.push(clock.monotonic()) });
    await connection.publish([
      { ...message, notBefore: { inMs: 1_000 } },
      { ...message, notBefore: { atMs: skewed.now() + 2_000 } },
    ]);
    stepMs = 3_600_000;
    await clock.advance(3_000);
    expect(seen).toEqual([1_000, 2_000]);
    await connection.close();
  });
});

function bind(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, options) => clock.sleep(ms, options),
    timer: (ms, callback) => clock.timer(ms, callback),
    deadline: (ms, options) => clock.deadline(ms, options),
  };
}
