import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";
import { lowerConsumerTimeout } from "./lower-consumer-timeout.ts";
import { queueCounts } from "./queue-counts.ts";

const startMs = 150_000;
const testMs = 120_000;
const timeoutMs = 6_000;

function messageTo(to: string, id: string): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: { task: "mail" }, properties, body: Buffer.from(id) };
}

function idsOf(deliveries: readonly Delivery[]): readonly string[] {
  return deliveries.map(({ message }) => message.properties.messageId);
}

async function consume(connection: Connection, queue: string, prefetch: number): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  await connection.consume({ queue, prefetch, onDelivery: (delivery) => void deliveries.push(delivery) });
  return deliveries;
}

describeOwnServer("rabbitmq", (start) => {
  let server: OwnServer;
  beforeAll(async () => {
    server = await start();
    await lowerConsumerTimeout(server, timeoutMs);
  }, startMs);
  afterAll(async () => await server[Symbol.asyncDispose](), startMs);

  for (const queueType of ["quorum", "classic"] as const) {
    const open = async (queue: string, consumerTimeout?: number): Promise<Connection> => {
      const connection = await amqpTransport({
        url: server.url,
        queueType,
        sweep: "300ms",
        consumerTimeout,
      });
      onTestFinished(async () => await connection.close());
      await connection.declare({ queues: [{ name: queue }] });
      return connection;
    };

    /** Copies that somebody holds for a queue. */
    const copiesOf = async (queue: string): Promise<readonly number[]> => {
      const counts = await queueCounts(server, "/", "messages_unacknowledged");
      return [...counts].filter(([name]) => name.startsWith(`${queue}.held.`)).map(([, count]) => count);
    };

    const untilRenewed = async (queue: string, count: number): Promise<void> => {
      const isSo = async (): Promise<boolean> => (await copiesOf(queue)).includes(count);
      await eventually(isSo, { what: `${count} renewed deliveries`, withinMs: 2 * timeoutMs, everyMs: 1_000 });
    };

    test(
      `row 26: what is held for three times the consumer timeout is nobody else's, and takes its place in the prefetch (${queueType})`,
      async () => {
        const queue = `long-${queueType}`;
        const [holder, other] = [await open(queue, timeoutMs), await open(queue, timeoutMs)];
        await holder.publish(["one", "two"].map((id) => messageTo(queue, id)));
        const held = await consume(holder, queue, 2);
        await eventually(() => held.length === 2, { what: "two deliveries", withinMs: 10_000 });
        const others = await consume(other, queue, 1);
        await untilRenewed(queue, 2);
        await holder.publish([{ ...messageTo(queue, "late"), notBefore: { inMs: 3 * timeoutMs } }]);
        await eventually(() => others.length > 0, { what: "what is due after that", withinMs: 4 * timeoutMs });
        expect([idsOf(held), idsOf(others)]).toEqual([["one", "two"], ["late"]]);
        expect(held.map(({ signal }) => signal.aborted)).toEqual([false, false]);
        await Promise.all([...held, ...others].map((each) => each.ack([messageTo(queue, "next")])));
        // The room that they took is there again.
        await eventually(() => held.length + others.length === 6, { what: "what follows them", withinMs: 10_000 });
        await Promise.all([...held.slice(2), ...others.slice(1)].map((each) => each.ack()));
        expect(await holder.admin.inspect([queue])).toMatchObject([{ ready: 0, dead: 0 }]);
      },
      testMs,
    );

    test(
      `row 26: a renewed delivery is released, rejected and given back as any other, and leaves no queue behind (${queueType})`,
      async () => {
        const queue = `settled-${queueType}`;
        const [holder, other] = [await open(queue, timeoutMs), await open(queue, timeoutMs)];
        await holder.publish(["released", "rejected", "given back"].map((id) => messageTo(queue, id)));
        const held = await consume(holder, queue, 3);
        await eventually(() => held.length === 3, { what: "three deliveries", withinMs: 10_000 });
        await untilRenewed(queue, 3);
        const others = await consume(other, queue, 5);
        await held[0]?.release();
        await held[1]?.reject({ reason: "failed" });
        await holder.close();
        await eventually(() => others.length === 2, { what: "what came back", withinMs: 10_000 });
        const fences = held.map(({ fence }) => fence);
        expect(idsOf(others).toSorted()).toEqual(["given back", "released"]);
        for (const { count, redelivered, fence } of others) {
          expect([count, redelivered, fence > Math.max(...fences)]).toEqual([1, true, true]);
        }
        await Promise.all(others.map((each) => each.ack()));
        expect(await other.admin.inspect([queue])).toMatchObject([{ ready: 0, dead: 1 }]);
        expect(await copiesOf(queue)).toEqual([]);
      },
      testMs,
    );

    test(
      `row 26: when the holder of a renewed delivery is cut off, it comes again within 5 s, with one loss counted (${queueType})`,
      async () => {
        const queue = `lost-${queueType}`;
        const holder = await open(queue, timeoutMs);
        await holder.publish([messageTo(queue, "one")]);
        const held = await consume(holder, queue, 1);
        await eventually(() => held.length === 1, { what: "the delivery", withinMs: 10_000 });
        await untilRenewed(queue, 1);
        await server.dropClients();
        await eventually(() => held.length === 2, { what: "the second delivery", withinMs: 6_000 });
        const [first, second] = held;
        await expect(first?.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
        expect(first?.signal.aborted).toBe(true);
        expect(second).toMatchObject({ count: 2, redelivered: true, message: { headers: { task: "mail" } } });
        expect(second!.fence).toBeGreaterThan(first!.fence);
        await second?.ack();
        expect(await holder.admin.inspect([queue])).toMatchObject([{ ready: 0, dead: 0 }]);
      },
      testMs,
    );

    test(
      `row 26: a timeout that Lovage was not told of costs one loss, and no second one (${queueType})`,
      async () => {
        const queue = `untold-${queueType}`;
        const holder = await open(queue);
        await holder.publish([messageTo(queue, "one")]);
        const held = await consume(holder, queue, 2);
        await eventually(() => held[0]?.signal.aborted, { what: "the end of the lease", withinMs: 4 * timeoutMs });
        await eventually(() => held.length === 2, { what: "the second delivery", withinMs: 10_000 });
        await holder.publish([{ ...messageTo(queue, "late"), notBefore: { inMs: 2 * timeoutMs } }]);
        await eventually(() => held.length === 3, { what: "what is due after that", withinMs: 3 * timeoutMs });
        expect([idsOf(held), held[1]?.signal.aborted]).toEqual([["one", "one", "late"], false]);
        await Promise.all(held.slice(1).map((each) => each.ack()));
      },
      testMs,
    );
  }
});
