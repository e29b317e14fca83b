import { systemClock } from "@lovage/foundation";
import { redisTransport } from "@lovage/transport-redis";
import type { Connection, OutgoingMessage } from "@lovage/transport";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { depth } from "../scene/depth.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";
import { redisCli } from "./redis-cli.ts";

/** A tenth of the fault matrix, or all of it. */
const count = depth.of(1_000_000);
const batch = 1_000;
/** As long as a step of the server may take, in microseconds. */
const stepMicros = 50_000;
/**
 * Five times that, and a microsecond for each message: the server's clock goes on while others have its processor, and a step that were not
 * bounded would take several microseconds for each.
 */
const slowMicros = 5 * stepMicros + count;

describeOwnServer("redis", (start) => {
  test(
    `40: ${count} messages that are due in the same second do not stop the server`,
    { timeout: 300_000 * depth.patience },
    async () => {
      await using server = await start();
      const open = async (): Promise<Connection> => {
        const connection = await redisTransport({ url: server.url });
        onTestFinished(() => connection.close());
        await connection.declare({ queues: [{ name: "flood" }, { name: "calm" }] });
        return connection;
      };
      const [producer, consumer, calm] = [await open(), await open(), await open()];
      // Several times what an idle machine takes to publish them.
      const dueAtMs = Date.now() + 5_000 + count / 10;
      for (let sent = 0; sent < count; sent += batch) {
        await producer.publish(
          Array.from({ length: batch }, (_, index) => message("flood", `${sent + index}`, dueAtMs)),
        );
      }
      expect(Date.now(), "the messages were published in time").toBeLessThan(dueAtMs);
      await redisCli(server, "config", "set", "slowlog-log-slower-than", String(stepMicros));
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
      await eventually(() => seen.size > 0, {
        what: "the first of the flood",
        withinMs: dueAtMs - Date.now() + 10_000,
      });
      const during = await roundTrips(calm, 200);
      await eventually(() => seen.size === count, {
        what: "the whole flood",
        withinMs: 30_000 + count,
        describe: () => `${seen.size} have come`,
      });
      const tookMs = Date.now() - firstAtMs;
      await flow.close();
      const slow = await slowSteps(server);
      console.log(
        `${count} due at once: first ${firstAtMs - dueAtMs} ms late, all within ${tookMs} ms; another queue's round trip p99 ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile; steps of ${stepMicros / 1_000} ms and more: ${JSON.stringify(slow.map((micros) => Math.round(micros / 1_000)))}`,
      );
      expect(early).toBe(0);
      expect(firstAtMs - dueAtMs).toBeLessThan(5_000);
      expect(Math.max(0, ...slow)).toBeLessThan(slowMicros);
    },
  );
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

/** How long the commands took that were slow, in microseconds. */
async function slowSteps(server: OwnServer): Promise<readonly number[]> {
  // By redis-cli an entry is a line each for its id, when it was, how long it took, and its arguments.
  const script =
    "local t = {} for i, e in ipairs(redis.call('slowlog', 'get', -1)) do t[i] = e[3] end return cjson.encode(t)";
  const json = await redisCli(server, "eval", script, "0");
  return json === "{}" ? [] : (JSON.parse(json) as readonly number[]);
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
