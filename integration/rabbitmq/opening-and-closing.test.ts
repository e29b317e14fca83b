import { AmqpLink, amqpTarget } from "@lovage/client-amqp";
import { silentLog, systemClock } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { bothWays } from "../network/fault.ts";
import { FaultProxy } from "../network/fault-proxy.ts";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";
import { makeVhost } from "../services/rabbitmq/make-vhost.ts";

/** Less than what anything that is left behind would wait for. */
const soonMs = 3_000;

async function expectNoSocket(proxy: FaultProxy): Promise<void> {
  await eventually(() => proxy.connections === 0, { what: "the end of all connections", withinMs: soonMs });
}

describeVhost((server) => {
  async function openProxy(): Promise<FaultProxy> {
    const { hostname, port } = new URL(server.url);
    const proxy = await FaultProxy.open({ host: hostname, port: Number(port) });
    onTestFinished(async () => await proxy[Symbol.asyncDispose]());
    return proxy;
  }

  test("a link that is closed while a new session is being prepared leaves no socket", async () => {
    const proxy = await openProxy();
    const { promise: isPreparing, resolve: preparing } = Promise.withResolvers<void>();
    let prepared = 0;
    const link = await AmqpLink.open({
      target: amqpTarget(proxy.urlOf(server.url), {}),
      clock: systemClock,
      log: silentLog,
      name: "prepared",
      prepare: async (session) => {
        prepared += 1;
        if (prepared === 1) return;
        preparing();
        await session.answer(new Promise(() => {}), "preparing");
      },
    });
    proxy.cut();
    await isPreparing;
    await link.close();
    await expectNoSocket(proxy);
  });

  test("a connection that is closed while the one for consuming is being opened leaves no socket, and the consumer is told", async () => {
    const proxy = await openProxy();
    const connection = await amqpTransport({ url: proxy.urlOf(server.url) });
    await connection.declare({ queues: [{ name: "mail", driver: { queueType: "classic" } }] });
    proxy.set(bothWays({ isBlackHole: true }));
    const consumer = connection.consume({ queue: "mail", prefetch: 1, onDelivery: () => {} });
    consumer.catch(() => {});
    await eventually(() => proxy.connections === 2, { what: "the second connection", withinMs: soonMs });
    await connection.close();
    await expect(consumer).rejects.toMatchObject({ code: "CLOSED" });
    // Until now the end of a connection did not arrive.
    proxy.heal();
    await expectNoSocket(proxy);
  });

  test("a later close with no grace ends the wait for what is being published as well", async () => {
    const proxy = await openProxy();
    const connection = await amqpTransport({ url: proxy.urlOf(server.url), heartbeat: "60s" });
    await connection.declare({ queues: [{ name: "outgoing" }] });
    proxy.set(bothWays({ isBlackHole: true }));
    const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
    const message = { to: "outgoing", headers: {}, properties, body: Buffer.from("x") };
    const publication = connection.publish([message], { timeoutMs: 30_000 });
    publication.catch(() => {});
    const startedAtMs = Date.now();
    await Promise.all([connection.close({ graceMs: 60_000 }), connection.close({ graceMs: 0 })]);
    expect(Date.now() - startedAtMs).toBeLessThan(10_000);
    await expect(publication).rejects.toMatchObject({ code: "PUBLISH_UNCERTAIN" });
    proxy.heal();
    await expectNoSocket(proxy);
  });

  test("what was on its way to an idle consumer when it closed within its grace is given back, however slow the network is", async () => {
    const proxy = await openProxy();
    const producer = await amqpTransport({ url: server.url });
    onTestFinished(async () => await producer.close());
    const closing = await amqpTransport({ url: proxy.urlOf(server.url) });
    await Promise.all([producer, closing].map((each) => each.declare({ queues: [{ name: "bills" }] })));
    await closing.consume({ queue: "bills", prefetch: 1, onDelivery: () => {} });
    proxy.set(bothWays({ latencyMs: 700 }));
    const closed = closing.close({ graceMs: 60_000 });
    const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
    await producer.publish([{ to: "bills", headers: {}, properties, body: Buffer.from("x") }]);
    await closed;
    const deliveries: Delivery[] = [];
    const onDelivery = (delivery: Delivery): void => void deliveries.push(delivery);
    await producer.consume({ queue: "bills", prefetch: 1, onDelivery });
    await eventually(() => deliveries.length === 1, { what: "the message", withinMs: 10_000 });
    expect(deliveries[0]).toMatchObject({ count: 1 });
    await deliveries[0]?.ack();
  });

  test("a vhost may have a percent sign in its name", async () => {
    const vhost = `${server.vhost}%2Feu`;
    await makeVhost(server, vhost);
    const url = new URL(server.url);
    const connection = await amqpTransport({ url: `amqp://${url.host}/${encodeURIComponent(vhost)}` });
    expect(connection.state).toBe("open");
    await connection.close();
  });

  test("a vhost that is not there is refused for good, and named", async () => {
    const { host } = new URL(server.url);
    const refused = { code: "TRANSPORT_REJECTED", message: expect.stringContaining('no vhost "nowhere"') as string };
    await expect(amqpTransport({ url: `amqp://${host}/nowhere` })).rejects.toMatchObject(refused);
  });
});
