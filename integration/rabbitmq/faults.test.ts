import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import type { AmqpTransportOptions } from "@lovage/transport-amqp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";
import { isRefused } from "./is-refused.ts";
import { messageTo } from "./message-to.ts";

const startMs = 150_000;
const maxMessageSize = 65_536;

function idOf({ message }: Delivery): string {
  return message.properties.messageId;
}

async function consume(connection: Connection, queue: string, acks = false): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  const onDelivery = (delivery: Delivery): void => {
    deliveries.push(delivery);
    // What is lost comes again.
    if (acks) delivery.ack().catch(() => {});
  };
  await connection.consume({ queue, prefetch: 5, onDelivery });
  return deliveries;
}

describeOwnServer("rabbitmq", (start) => {
  let server: OwnServer;
  beforeAll(async () => void (server = await start({ settings: [`max_message_size = ${maxMessageSize}`] })), startMs);
  afterAll(async () => await server[Symbol.asyncDispose](), startMs);

  const evaluate = async (code: string): Promise<string> => await server.execute("rabbitmqctl", ["eval", code]);

  async function open(queue: string, options: AmqpTransportOptions = {}): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url, sweep: "300ms", ...options });
    onTestFinished(async () => await connection.close());
    await connection.declare({ queues: [{ name: queue }] });
    return connection;
  }

  for (const queueType of ["quorum", "classic"] as const) {
    test(`row 26: a delivery held for longer than the consumer timeout costs its channel alone (${queueType})`, async () => {
      const [held, beside] = [`timeout-${queueType}`, `beside-${queueType}`];
      await evaluate("application:set_env(rabbit, channel_tick_interval, 500).");
      await evaluate("application:set_env(rabbit, consumer_timeout, 2000).");
      onTestFinished(async () => void (await evaluate("application:set_env(rabbit, consumer_timeout, 1800000).")));
      const connection = await open(held, { queueType });
      await connection.declare({ queues: [{ name: beside }] });
      const slow = await consume(connection, held);
      const others = await consume(connection, beside, true);
      await connection.publish([messageTo(held, "slow")]);
      await eventually(() => slow.length === 1, { what: "the delivery", withinMs: 10_000 });
      const [first] = slow;
      await eventually(() => first!.signal.aborted, { what: "the end of the lease", withinMs: 20_000 });
      await expect(first!.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
      await eventually(() => slow.length === 2, { what: "the second delivery", withinMs: 10_000 });
      expect([slow[1]!.count, slow[1]!.fence > first!.fence, connection.state]).toEqual([2, true, "open"]);
      await slow[1]!.ack();
      await connection.publish([messageTo(beside, "other")]);
      await eventually(() => others.length === 1, { what: "the queue beside it to go on", withinMs: 10_000 });
      expect(await connection.admin.inspect([held])).toMatchObject([{ ready: 0, dead: 0 }]);
    });

    test(`what a consumer holds whose prefetch was lowered is given back when it closes, and is no loss (${queueType})`, async () => {
      const queue = `lowered-${queueType}`;
      const [holder, other] = [await open(queue, { queueType }), await open(queue, { queueType })];
      await other.publish([messageTo(queue, "held")]);
      const held: Delivery[] = [];
      const onDelivery = (delivery: Delivery): void => void held.push(delivery);
      const consumer = await holder.consume({ queue, prefetch: 3, onDelivery });
      await eventually(() => held.length === 1, { what: "the delivery", withinMs: 10_000 });
      consumer.setPrefetch(1);
      // A question, for the broker to answer to that meanwhile: then nothing is on its way any more, and closing waits for what it gives back alone.
      await holder.admin.inspect([queue]);
      await holder.close();
      const others = await consume(other, queue);
      await eventually(() => others.length === 1, { what: "the second delivery", withinMs: 10_000 });
      expect([others[0]?.count, others[0]?.redelivered]).toEqual([1, true]);
      await others[0]?.ack();
    });

    test(`row 27: a queue that is deleted under its consumer is declared and consumed again (${queueType})`, async () => {
      const queue = `deleted-${queueType}`;
      const connection = await open(queue, { queueType });
      const operator = await open(queue, { queueType });
      const deliveries = await consume(connection, queue);
      await operator.publish([messageTo(queue, "gone")]);
      await eventually(() => deliveries.length === 1, { what: "the delivery", withinMs: 10_000 });
      await operator.admin.delete(queue);
      await expect(deliveries[0]!.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
      await operator.declare({ queues: [{ name: queue }] });
      await operator.publish([messageTo(queue, "new")]);
      await eventually(() => deliveries.some((each) => idOf(each) === "new"), {
        what: "the consumer to be back",
        withinMs: 5_000,
      });
      expect(connection.state).toBe("open");
    });
  }

  for (const consumers of ["lovage", "mixed"] as const) {
    test(`row 27: a queue that was made again under its consumer is where delayed messages end, whoever sends them (${consumers})`, async () => {
      const queue = `deleted-delays-${consumers}`;
      const delayed = (id: string): OutgoingMessage => ({ ...messageTo(queue, id), notBefore: { inMs: 1_000 } });
      const openQuorum = async (): Promise<Connection> => await open(queue, { queueType: "quorum" });
      const [consumer, other, operator] = [await openQuorum(), await openQuorum(), await openQuorum()];
      for (const each of [consumer, other]) await each.declare({ queues: [{ name: queue, consumers }] });
      const deliveries = await consume(consumer, queue, true);
      await Promise.all([consumer.publish([delayed("a")]), other.publish([delayed("b")])]);
      await eventually(() => deliveries.length === 2, { what: "what was delayed before", withinMs: 10_000 });
      await operator.admin.delete(queue);
      const isBack = async (): Promise<boolean> => !(await isRefused(operator.admin.inspect([queue])));
      await eventually(isBack, { what: "the queue to be back", withinMs: 10_000 });
      await Promise.all([consumer.publish([delayed("c")]), other.publish([delayed("d")])]);
      const arrived = (): boolean => ["c", "d"].every((id) => deliveries.some((each) => idOf(each) === id));
      await eventually(arrived, { what: "what was delayed after it", withinMs: 10_000 });
      expect(deliveries.length).toBe(4);
    });
  }

  test("row 27: a queue that was made again before anybody consumed it is where delayed messages end, of those too who know of nothing", async () => {
    const queue = "declared-again";
    const delayed = (id: string): OutgoingMessage => ({ ...messageTo(queue, id), notBefore: { inMs: 200 } });
    const [sender, operator] = [await open(queue), await open(queue)];
    await sender.publish([delayed("before")]);
    const hasArrived = async (): Promise<boolean> => (await operator.admin.inspect([queue]))[0]?.ready === 1;
    await eventually(hasArrived, { what: "what was delayed before", withinMs: 10_000 });
    await operator.admin.delete(queue);
    const deliveries = await consume(await open(queue), queue, true);
    await sender.publish([delayed("after")]);
    await eventually(() => deliveries.length === 1, { what: "the message", withinMs: 10_000 });
    expect(idOf(deliveries[0]!)).toBe("after");
  });

  test("row 27: a delayed message for a declared queue that is gone makes it again, as one without a delay does", async () => {
    const queue = "deleted-before-delay";
    const [sender, operator] = [await open(queue), await open(queue)];
    await operator.admin.delete(queue);
    await sender.publish([{ ...messageTo(queue, "a"), notBefore: { inMs: 200 } }]);
    const deliveries = await consume(sender, queue, true);
    await eventually(() => deliveries.length === 1, { what: "the message", withinMs: 10_000 });
    expect(idOf(deliveries[0]!)).toBe("a");
  });

  test("row 26: under a memory alarm publishing waits, then times out; acknowledgements go through; nothing is lost", async () => {
    const [queue, beside] = ["alarm", "beside-alarm"];
    const connection = await open(queue);
    await connection.declare({ queues: [{ name: beside }] });
    await connection.publish(["a", "b"].map((id) => messageTo(queue, id)));
    const deliveries = await consume(connection, queue);
    await eventually(() => deliveries.length === 2, { what: "two deliveries", withinMs: 10_000 });
    await server.execute("rabbitmqctl", ["set_vm_memory_high_watermark", "absolute", "1MB"]);
    try {
      // Its connections hear of the alarm a moment later, and until then it takes what is sent.
      await eventually(() => isRefused(connection.publish([messageTo(beside, "probe")], { timeoutMs: 500 })), {
        what: "the alarm at the connection",
        withinMs: 20_000,
      });
      // The message that was refused made the server block the connection; the next ones wait here.
      const refused = ["c", "d"].map((id) => connection.publish([messageTo(queue, id)], { timeoutMs: 1_500 }));
      for (const each of refused)
        await expect(each).rejects.toMatchObject({ code: "PUBLISH_TIMEOUT", retryable: true });
      await deliveries[0]!.ack();
      expect(connection.state).toBe("open");
    } finally {
      await server.execute("rabbitmqctl", ["set_vm_memory_high_watermark", "0.6"]);
    }
    await connection.publish([messageTo(queue, "after")], { timeoutMs: 20_000 });
    await deliveries[1]!.ack();
    await eventually(() => deliveries.some((each) => idOf(each) === "after"), { what: "the message", withinMs: 5_000 });
  });

  test("row 26: what a delivery was to be followed by waits under a memory alarm, and is not sent after the alarm when the delivery was lost meanwhile", async () => {
    const [queue, next] = ["alarm-lost", "after-alarm-lost"];
    const connection = await open(queue);
    await connection.declare({ queues: [{ name: next }] });
    await connection.publish([messageTo(queue, "a")]);
    const deliveries = await consume(connection, queue);
    await eventually(() => deliveries.length === 1, { what: "the delivery", withinMs: 10_000 });
    await server.execute("rabbitmqctl", ["set_vm_memory_high_watermark", "absolute", "1MB"]);
    try {
      await eventually(() => isRefused(connection.publish([messageTo(queue, "probe")], { timeoutMs: 500 })), {
        what: "the alarm at the connection",
        withinMs: 20_000,
      });
      const acks = Promise.allSettled([deliveries[0]!.ack([messageTo(next, "followed")])]);
      await server.dropClients();
      expect(await acks).toMatchObject([{ status: "rejected", reason: { code: "LEASE_LOST" } }]);
    } finally {
      await server.execute("rabbitmqctl", ["set_vm_memory_high_watermark", "0.6"]);
    }
    await connection.publish([messageTo(next, "after")], { timeoutMs: 20_000 });
    const { messages } = await connection.admin.browse(next);
    expect(messages.map(({ message }) => message.properties.messageId)).toEqual(["after"]);
  });

  test("row 26: a consumer begins under a memory alarm too, beside what waits to be published: it is what brings the alarm to its end", async () => {
    const [queue, beside] = ["alarm-begin", "beside-alarm-begin"];
    const connection = await open(queue);
    await connection.declare({ queues: [{ name: beside }] });
    await connection.publish([messageTo(queue, "a")]);
    await server.execute("rabbitmqctl", ["set_vm_memory_high_watermark", "absolute", "1MB"]);
    try {
      await eventually(() => isRefused(connection.publish([messageTo(beside, "probe")], { timeoutMs: 500 })), {
        what: "the alarm at the connection",
        withinMs: 20_000,
      });
      const deliveries = await consume(connection, queue);
      await eventually(() => deliveries.length === 1, { what: "the delivery", withinMs: 10_000 });
      await deliveries[0]!.ack();
      expect(connection.state).toBe("open");
    } finally {
      await server.execute("rabbitmqctl", ["set_vm_memory_high_watermark", "0.6"]);
    }
  });

  test("row 27: a broadcast channel that was deleted is made again by who publishes, and heard again by who subscribed there", async () => {
    const connection = await open("beside-broadcast");
    const heard: string[] = [];
    const say = async (id: string): Promise<void> => {
      await connection.broadcast!.publish("deleted-channel", messageTo("", id));
    };
    await connection.broadcast!.subscribe("deleted-channel", ({ properties }) => void heard.push(properties.messageId));
    await say("a");
    await eventually(() => heard.length === 1, { what: "the first message", withinMs: 10_000 });
    await evaluate(
      `rabbit_exchange:delete(rabbit_misc:r(<<"/">>, exchange, <<"deleted-channel">>), false, <<"test">>).`,
    );
    // It costs the channel, and is uncertain.
    expect(await isRefused(say("b"))).toBe(true);
    const isHeard = async (): Promise<boolean> => {
      await say("c");
      return heard.includes("c");
    };
    await eventually(isHeard, { what: "a message after it", withinMs: 10_000 });
    expect(heard).not.toContain("b");
  });

  test("headers with numbers that are too large to be whole ones go everywhere: also into a release and a dead letter", async () => {
    const [queue, dead] = ["numbers", "numbers.dead"];
    const headers = { floor: -1e30, nested: { list: [2 ** 50 + 0.5, 2 ** 60] } };
    const connection = await open(queue);
    await connection.publish([{ ...messageTo(queue, "a"), headers: { ...headers, none: -Infinity } }]);
    const deliveries = await consume(connection, queue);
    await eventually(() => deliveries.length === 1, { what: "the delivery", withinMs: 10_000 });
    await deliveries[0]!.release();
    await eventually(() => deliveries.length === 2, { what: "the second delivery", withinMs: 10_000 });
    await deliveries[1]!.reject({ reason: "failed" });
    const { messages } = await connection.admin.browse(dead);
    expect(messages[0]?.message.headers).toMatchObject({ ...headers, none: null });
  });

  test("a message above the server's limit is refused for good, and what was published right behind it is accepted once", async () => {
    const connection = await open("large");
    const large = { ...messageTo("large", "too large"), body: Buffer.alloc(maxMessageSize + 1) };
    const behind = ["a", "b", "c"].map((id) => messageTo("large", id));
    const all = [large, ...behind].map((message) => connection.publish([message]));
    const ends = await Promise.allSettled(all);
    expect(ends).toMatchObject([
      { status: "rejected", reason: { code: "TRANSPORT_REJECTED" } },
      ...behind.map(() => ({ status: "fulfilled" })),
    ]);
    await connection.publish([messageTo("large", "next")]);
    expect(await connection.admin.inspect(["large"])).toMatchObject([{ ready: 4 }]);
  });

  test("row 27: a queue that exists in another form is an error that names the argument", async () => {
    await open("form");
    const other = await amqpTransport({ url: server.url, queueType: "classic" });
    onTestFinished(async () => await other.close());
    const refused = other.declare({ queues: [{ name: "form" }] });
    await expect(refused).rejects.toMatchObject({
      code: "TOPOLOGY_MISMATCH",
      message: expect.stringMatching(/x-queue-type.*'?quorum'?/u) as string,
    });
    // The channel that the refusal cost is no one else's.
    await other.declare({ queues: [{ name: "form-2" }] });
  });

  test("row 26: all connections closed by the server come back, and what was held is delivered again", async () => {
    const queue = "dropped";
    const connection = await open(queue);
    await connection.publish([messageTo(queue, "a")]);
    const deliveries = await consume(connection, queue);
    await eventually(() => deliveries.length === 1, { what: "the delivery", withinMs: 10_000 });
    await server.dropClients();
    await eventually(() => deliveries.length === 2, { what: "the second delivery", withinMs: 10_000 });
    expect([deliveries[0]!.signal.aborted, deliveries[1]!.count]).toEqual([true, 2]);
    await deliveries[1]!.ack();
    await eventually(() => connection.state === "open", { what: "the connection", withinMs: 5_000 });
    await connection.publish([messageTo(queue, "b")]);
    await eventually(() => deliveries.length === 3, { what: "the next message", withinMs: 5_000 });
  });

  test("a wrong password is told as such, without the password", async () => {
    const url = server.url.replace("guest:guest", "guest:s3cret");
    const refused = amqpTransport({ url });
    await expect(refused).rejects.toMatchObject({
      code: "TRANSPORT_REJECTED",
      message: expect.not.stringContaining("s3cret") as string,
    });
  });

  test("the next host is tried when one is away", async () => {
    const connection = await amqpTransport({ url: server.url.replace("127.0.0.1", "127.0.0.1:1,127.0.0.1") });
    onTestFinished(async () => await connection.close());
    expect(connection.state).toBe("open");
  });
});
