import { setTimeout as pause } from "node:timers/promises";
import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";
import { isRefused } from "./is-refused.ts";
import { messageTo } from "./message-to.ts";

const startMs = 150_000;
/** Longer than the 10 s that an answer may take. */
const blockedMs = 12_000;
/** Of what is published for a delivery. */
const publishTimeoutMs = 30_000;

/** As the runtime settles. Each attempt has messages of its own. @returns how many attempts it took */
async function keepAcking(delivery: Delivery, followUps: () => readonly OutgoingMessage[]): Promise<number> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      await delivery.ack(followUps());
      return attempts;
    } catch (error) {
      if ((error as { readonly code: unknown }).code !== "PUBLISH_TIMEOUT") throw error;
    }
  }
}

async function consume(connection: Connection, queue: string): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  await connection.consume({ queue, prefetch: 5, onDelivery: (delivery) => void deliveries.push(delivery) });
  return deliveries;
}

describeOwnServer("rabbitmq", (start) => {
  let server: OwnServer;
  beforeAll(async () => void (server = await start()), startMs);
  afterAll(async () => await server[Symbol.asyncDispose](), startMs);

  async function open(queue: string): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url });
    onTestFinished(async () => await connection.close());
    await connection.declare({ queues: [{ name: queue }] });
    return connection;
  }

  test("row 4: an event loop that is blocked for longer than an answer may take, and less than two heartbeats, loses nothing that is held", async () => {
    const queue = "blocked-loop";
    const connection = await open(queue);
    await connection.publish(["a", "b"].map((id) => messageTo(queue, id)));
    const deliveries = await consume(connection, queue);
    await eventually(() => deliveries.length === 2, { what: "two deliveries", withinMs: 20_000 });
    const [first, second] = deliveries;
    const { signal } = second!;
    const acknowledged = first!.ack();
    // The question behind the acknowledgement is on its way.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
    await acknowledged;
    await second!.ack();
    expect([signal.aborted, deliveries.length]).toEqual([false, 2]);
  });

  test("row 26: what follows a delivery is there once after a memory alarm that outlasts the timeout of publish, however often its settlement was repeated", async () => {
    const [queue, next] = ["alarm-repeated", "after-alarm-repeated"];
    const [connection, other] = [await open(queue), await open(next)];
    await connection.declare({ queues: [{ name: next }] });
    await connection.publish([messageTo(queue, "a")]);
    const deliveries = await consume(connection, queue);
    await eventually(() => deliveries.length === 1, { what: "the delivery", withinMs: 20_000 });
    await server.execute("rabbitmqctl", ["set_vm_memory_high_watermark", "absolute", "1MB"]);
    let acknowledged: Promise<number> | undefined;
    try {
      // Over another connection: this one is not blocked before it has written something.
      await eventually(() => isRefused(other.publish([messageTo(queue, "probe")], { timeoutMs: 500 })), {
        what: "the alarm",
        withinMs: 20_000,
      });
      acknowledged = keepAcking(deliveries[0]!, () => [messageTo(next, "followed")]);
      const attempts = await Promise.race([acknowledged, pause(publishTimeoutMs + 5_000)]);
      expect(attempts).toBeUndefined();
    } finally {
      await server.execute("rabbitmqctl", ["set_vm_memory_high_watermark", "0.6"]);
    }
    // How many it takes hangs on when the server reads on.
    expect(await acknowledged).toBeGreaterThan(1);
    await connection.publish([messageTo(next, "after")], { timeoutMs: 20_000 });
    const { messages } = await connection.admin.browse(next);
    expect(messages.map(({ message }) => message.properties.messageId)).toEqual(["followed", "after"]);
  });
});
