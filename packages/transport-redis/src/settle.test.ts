import { RedisError, type ArgumentWriter, type RedisConnection, type RedisScript } from "@lovage/client-redis";
import type { RoutedMessage, Settlement } from "@lovage/lease-engine";
import { describe, expect, test } from "vitest";

import { HandOvers } from "./hand-overs.ts";
import { Keys } from "./keys.ts";
import { QueueReaders } from "./queue-readers.ts";
import { Receipts } from "./receipts.ts";
import { settleDeliveries, type Settling } from "./settle.ts";
import type { Server } from "./server.ts";

const keys = new Keys("lovage");
/** Of each message that is handed over. */
const body = "what is next";

/** A cluster that notes what it is told, and fails where it is told to. */
class PlayedCluster {
  readonly ran: string[] = [];
  readonly #messages = new Map<string, number>();
  readonly fails = new Map<string, RedisError>();
  connection = this.connect();
  readonly settling: Settling = {
    queue: "from",
    receipts: new Receipts("me"),
    handOvers: new HandOvers(),
    server: {
      keys,
      readers: new QueueReaders(keys, { hasProducers: false }),
      isCluster: true,
      nowMs: () => 0,
      connection: () => this.connection,
    } as unknown as Server,
  };

  connect(): RedisConnection {
    return {
      run: (...call: [RedisScript, string[], ArgumentWriter]) => this.#run(...call),
    } as unknown as RedisConnection;
  }

  /** How many messages a script was given that was run any number of times. */
  messagesOf(ran: string): number {
    return this.#messages.get(ran) ?? 0;
  }

  countOf(ran: string): number {
    return this.ran.filter((one) => one === ran).length;
  }

  async #run(
    { name, source }: RedisScript,
    [base = ""]: readonly string[],
    args: ArgumentWriter | readonly string[],
  ): Promise<unknown> {
    const ran = `${name} ${keys.queueOf(base)}`;
    this.ran.push(ran);
    const bodies = "written" in args ? args.written.toString("latin1").split(body).length - 1 : 0;
    this.#messages.set(ran, this.messagesOf(ran) + bodies);
    if (name === "follow-up") expect(source).toContain("flags=allow-oom");
    const error = this.fails.get(keys.queueOf(base));
    if (error !== undefined && name !== "held") throw error;
    return name === "settle" ? [[], []] : [];
  }
}

function followUp(to: string): RoutedMessage {
  const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from(body) };
}

function ackWith(fence: number, ...to: readonly string[]): Settlement {
  return { kind: "ack", lease: { id: fence, fence }, followUps: to.map(followUp) };
}

describe("in a cluster", () => {
  test.each(["full", "unavailable"] as const)(
    "what one slot has accepted is not handed over again when another one is %s, whole or in parts",
    async (kind) => {
      const cluster = new PlayedCluster();
      cluster.fails.set("bad", new RedisError("no", { kind }));
      const settlements = [ackWith(1, "good"), ackWith(2, "bad"), ackWith(3, "good", "bad")];
      const settled = settleDeliveries(cluster.settling, settlements);
      // Not PUBLISH_FAILED, by whose places the engine would tell refused settlements from others.
      await expect(settled).rejects.toMatchObject({ retryable: kind === "unavailable" });
      await expect(settled).rejects.not.toHaveProperty("failures");
      expect(await settleDeliveries(cluster.settling, settlements.slice(0, 1))).toBeNull();
      await expect(settleDeliveries(cluster.settling, settlements.slice(1))).rejects.toThrow("no");
      cluster.fails.clear();
      expect(await settleDeliveries(cluster.settling, settlements.slice(1))).toBeNull();
      expect(cluster.countOf("follow-up good")).toBe(1);
      expect(cluster.countOf("follow-up bad")).toBe(3);
    },
  );

  test("a message that is the next step of two deliveries is handed over for each of them, together or one after the other", async () => {
    const cluster = new PlayedCluster();
    const next = [followUp("next")];
    const acks = [1, 2, 3].map((fence) => ({ kind: "ack", lease: { id: fence, fence }, followUps: next }) as const);
    expect(await settleDeliveries(cluster.settling, acks.slice(0, 2))).toBeNull();
    expect(cluster.messagesOf("follow-up next")).toBe(2);
    expect(await settleDeliveries(cluster.settling, acks.slice(2))).toBeNull();
    expect(cluster.messagesOf("follow-up next")).toBe(3);
  });

  test("what was written, and too few replicas have, is waited for and not written again", async () => {
    const cluster = new PlayedCluster();
    cluster.fails.set("next", new RedisError("too few", { kind: "unreplicated" }));
    const settlements = [ackWith(1, "next")];
    for (const _ of [1, 2, 3]) {
      const settled = settleDeliveries(cluster.settling, settlements);
      await expect(settled).rejects.toMatchObject({ code: "PUBLISH_UNCERTAIN" });
    }
    cluster.fails.clear();
    expect(await settleDeliveries(cluster.settling, settlements)).toBeNull();
    expect([cluster.countOf("follow-up next"), cluster.countOf("confirm next")]).toEqual([1, 3]);
    expect(cluster.ran.at(-1)).toBe("ack from");
  });

  test("a new connection does not know whether replicas have what the last one wrote: it is written again", async () => {
    const cluster = new PlayedCluster();
    cluster.fails.set("next", new RedisError("too few", { kind: "unreplicated" }));
    const settlements = [ackWith(1, "next")];
    await expect(settleDeliveries(cluster.settling, settlements)).rejects.toMatchObject({ code: "PUBLISH_UNCERTAIN" });
    cluster.connection = cluster.connect();
    cluster.fails.clear();
    expect(await settleDeliveries(cluster.settling, settlements)).toBeNull();
    expect(cluster.countOf("follow-up next")).toBe(2);
  });
});
