import process from "node:process";
import { systemClock } from "@lovage/foundation";
import { redisTransport } from "@lovage/transport-redis";
import type { Connection, OutgoingMessage } from "@lovage/transport";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { redisCli } from "./redis-cli.ts";

/** A tenth of the fault matrix; `LOVAGE_TEST_FLOOD=1000000` runs it in full. */
const count = Number(process.env["LOVAGE_TEST_FLOOD"] ?? 100_000);
const batch = 1_000;
/** As long as a step of the server may take, in microseconds, and five times that. */
const stepMicros = 50_000;
const slowMicros = 5 * stepMicros;

describeOwnServer("redis", (start) => {
  test(`40: ${count} messages that are due in the same second do not stop the server`, async () => {
    await using server = await start();
    const open = async (): Promise<Connection> => {
      const connection = await redisTransport({ url: server.url });
      onTestFinished(() => connection.close());
      await connection.declare({ queues: [{ name: "flood" }, { name: "calm" }] });
      return connection;
    };
    const [producer, consumer, calm] = [await open(), await open(), await open()];
    const dueAtMs = Date.now() + 3_000 + count / 20;
    for (let sent = 0; sent < count; sent += batch) {
      await producer.publish(Array.from({ length: batch }, (_, index) => message("flood", `${sent + index}`, dueAtMs)));
    }
    expect(Date.now(), "the messages were published in time").toBeLessThan(dueAtMs);
    await redisCli(server, "config", "set", "slowlog-log-slower-than", String(slowMicros));
    await redisCli(server, "slowlog", "reset");
    let firstAtMs = 0;
    let early = 0;
    const seen = new Set<string>();
    const flow = await consumer.consume({
      queue: "flood",
      prefetch: batch,
      onDelivery: (delivery) => {
        firstAtMs ||= Date.now();
        // The machine's clock is the server's.
        if (Date.now() < dueAtMs - 2) early += 1;
        seen.add(delivery.message.properties.messageId);
        void delivery.ack();
      },
    });
    const before = await roundTrips(calm, 200);
    await eventually(() => seen.size > 0, { what: "the first of the flood", withinMs: dueAtMs - Date.now() + 10_000 });
    const during = await roundTrips(calm, 200);
    await eventually(() => seen.size === count, {
      what: "the whole flood",
      withinMs: 30_000 + count,
      describe: () => `${seen.size} have come`,
    });
    const tookMs = Date.now() - firstAtMs;
    await flow.close();
    console.log(
      `${count} due at once: first ${firstAtMs - dueAtMs} ms late, all within ${tookMs} ms; another queue's round trip p99 ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile`,
    );
    expect(early).toBe(0);
    expect(firstAtMs - dueAtMs).toBeLessThan(5_000);
    expect(await redisCli(server, "slowlog", "len")).toBe("0");
  });
});

function message(to: string, messageId: string, atMs?: number): OutgoingMessage {
  const properties = { messageId, contentType: "application/json", contentEncoding: "utf-8" };
  return {
    to,
    headers: {},
    properties,
    body: Buffer.from("[]"),
    ...(atMs === undefined ? {} : { notBefore: { atMs } }),
  };
}

/** Sends one message after the other through an idle queue; gives the 99th percentile, in ms. */
async function roundTrips(connection: Connection, rounds: number): Promise<number> {
  const times: number[] = [];
  let arrived = Promise.withResolvers<void>();
  const consumer = await connection.consume({
    queue: "calm",
    prefetch: 1,
    onDelivery: (delivery) => {
      void delivery.ack();
      arrived.resolve();
    },
  });
  for (let round = 0; round < rounds; round += 1) {
    arrived = Promise.withResolvers<void>();
    const fromMs = systemClock.monotonic();
    await connection.publish([message("calm", `calm-${round}`)]);
    await arrived.promise;
    times.push(systemClock.monotonic() - fromMs);
  }
  await consumer.close();
  return times.toSorted((a, b) => a - b)[Math.floor(rounds * 0.99)] ?? 0;
}
