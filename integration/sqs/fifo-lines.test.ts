import { systemClock } from "@lovage/foundation";
import { createApp } from "lovage";
import type { Delivery } from "@lovage/transport";
import { sqsTransport } from "@lovage/transport-sqs";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { SqsGateway } from "./sqs-gateway.ts";

const queue = "orders.fifo";
const leaseMs = 2_000;

describeOwnServer(
  "sqs",
  (start) => {
    it(
      "runs the tasks of a key one after the other and in their order, and those of other keys beside them",
      { timeout: 120_000 },
      async () => {
        await using server = await start();
        const app = createApp({ name: "fifo", broker: `sqs://test:test@127.0.0.1:${server.port}`, backend: "memory:" });
        onTestFinished(() => app.close());
        const running = new Set<string>();
        const ran: Record<string, number[]> = { x: [], y: [], z: [] };
        let most = 0;
        const order = app.task("fifo.order", { queue, ignoreResult: true }, async (key: string, number: number) => {
          expect(running.has(key), `two of ${key} at once`).toBe(false);
          running.add(key);
          most = Math.max(most, running.size);
          await systemClock.sleep(20);
          running.delete(key);
          ran[key]!.push(number);
        });
        const numbers = Array.from({ length: 25 }, (_, index) => index);
        for (const key of Object.keys(ran))
          await order.applyMany(
            numbers.map((number) => [key, number] as const),
            { key },
          );
        const worker = app.worker({ concurrency: 8, queues: [queue] });
        await worker.start();
        await eventually(() => Object.values(ran).every(({ length }) => length >= numbers.length), {
          what: "all runs",
          withinMs: 90_000,
        });
        await worker.stop();
        expect(ran).toEqual({ x: numbers, y: numbers, z: numbers });
        expect(most).toBeGreaterThan(1);
      },
    );

    it("keeps what waits behind a long task, and gives it without another receive", { timeout: 60_000 }, async () => {
      await using server = await start();
      await using gateway = await SqsGateway.open(server.port);
      const connection = await sqsTransport({ url: gateway.url, lease: leaseMs, sweep: 200 });
      onTestFinished(() => connection.close());
      await connection.declare({ queues: [{ name: queue }] });
      const properties = { contentType: "text/plain", contentEncoding: "utf-8", key: "x" };
      const message = (messageId: string) => ({
        to: queue,
        headers: {},
        properties: { ...properties, messageId },
        body: new Uint8Array(),
      });
      await connection.publish(["a", "b", "c"].map((id) => message(id)));
      const held: Delivery[] = [];
      await connection.consume({ queue, prefetch: 4, onDelivery: (delivery) => void held.push(delivery) });
      await eventually(() => held.length === 1, { what: "the first", withinMs: 10_000 });
      const atMs = performance.now();
      await eventually(() => performance.now() - atMs > 2.5 * leaseMs, {
        what: "more than two leases",
        withinMs: 10_000,
      });
      expect(
        held.map(
          ({
            message: {
              properties: { messageId },
            },
          }) => messageId,
        ),
      ).toEqual(["a"]);
      for (const count of [2, 3]) {
        await held[count - 2]!.ack();
        await eventually(() => held.length === count, { what: `delivery ${count}`, withinMs: 10_000 });
      }
      // What was received once more would say so.
      expect(held.map(({ redelivered }) => redelivered)).toEqual([false, false, false]);
      await held[2]!.ack();
    });
  },
  ["private"],
);
