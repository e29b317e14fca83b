import { readFileSync } from "node:fs";
import type { Connection, Delivery, OutgoingMessage, QueueDeclaration } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";
import { onChannel } from "./on-channel.ts";

const testMs = 120_000;

type Row = Readonly<Record<string, unknown>>;

interface Topology {
  readonly exchanges: readonly Row[];
  readonly queues: readonly Row[];
  readonly bindings: readonly Row[];
}

/** What a worker of Celery 5.6 has made on a server, as `rabbitmqctl` tells it. */
const celerys = JSON.parse(readFileSync(new URL("fixtures/celery-delays.json", import.meta.url), "utf8")) as Topology;

const columns = {
  exchanges: ["name", "type", "durable", "auto_delete", "internal", "arguments"],
  queues: ["name", "durable", "auto_delete", "arguments"],
  bindings: ["source_name", "source_kind", "destination_name", "destination_kind", "routing_key", "arguments"],
} as const;

/** In one order, and without how many bytes a number was sent in, which the server does not compare either. */
function comparable(rows: readonly Row[]): readonly string[] {
  const whole = new Set(["byte", "short", "signedint", "long"]);
  return rows
    .map((row) => JSON.stringify(row, (_, value: unknown) => (whole.has(value as string) ? "whole" : value)))
    .toSorted();
}

function isDelay(name: unknown): boolean {
  return String(name).startsWith("celery_delayed");
}

function messageTo(to: string, delayMs: number): OutgoingMessage {
  const properties = { messageId: `to-${to}`, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: { task: "mail" }, properties, body: Buffer.from("x"), notBefore: { inMs: delayMs } };
}

const quorum = { queueType: "quorum" };

function sharedQuorum(name: string): QueueDeclaration {
  return { name, consumers: "mixed", driver: quorum };
}

async function consume(connection: Connection, queue: string): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  await connection.consume({ queue, prefetch: 5, onDelivery: (delivery) => void deliveries.push(delivery) });
  return deliveries;
}

describeVhost((server) => {
  async function open(): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url, sweep: "300ms" });
    onTestFinished(async () => await connection.close());
    return connection;
  }

  async function list(kind: keyof Topology): Promise<readonly Row[]> {
    const json = await server.execute("rabbitmqctl", [
      "-q",
      `list_${kind}`,
      "--vhost",
      server.vhost,
      ...columns[kind],
      "--formatter=json",
    ]);
    return JSON.parse(json) as Row[];
  }

  async function celeryDelays(kind: keyof Topology): Promise<readonly Row[]> {
    return (await list(kind)).filter(({ name, source_name: source, destination_name: target }) =>
      kind === "bindings" ? isDelay(source) && isDelay(target) : isDelay(name),
    );
  }

  /** What a worker of Celery makes beside: a topic exchange for the queue, reached from the delays. */
  async function bindAsCelery(queue: string): Promise<void> {
    await onChannel(server, async (channel) => {
      await channel.assertExchange(queue, "topic", { durable: true });
      await channel.bindExchange(queue, "celery_delayed_delivery", `#.${queue}`);
      for (const key of [queue, `#.${queue}`]) await channel.bindQueue(queue, queue, key);
    });
  }

  test(
    "queues that Celery does not read, classic ones and delays below a second are none of Celery's ladder",
    async () => {
      const connection = await open();
      await connection.declare({
        queues: [
          { name: "ours" },
          { name: "classic", consumers: "celery" },
          { name: "short", consumers: "mixed", driver: quorum },
          { name: "dotted.short", consumers: "mixed", driver: quorum },
        ],
      });
      await connection.publish([
        messageTo("ours", 3_600_000),
        messageTo("classic", 3_600_000),
        messageTo("short", 999),
        messageTo("dotted.short", 3_600_000),
      ]);
      expect(await celeryDelays("exchanges")).toEqual([]);
      expect(await celeryDelays("queues")).toEqual([]);
    },
    testMs,
  );

  test(
    "the ladder for a quorum queue of Celery's is what Celery's workers make, and the message waits in it as Celery's does",
    async () => {
      const connection = await open();
      await connection.declare({ queues: [{ name: "celery", consumers: "celery", driver: quorum }] });
      await connection.publish([messageTo("celery", 30_000)]);
      // 30 s are 16 and 8 and 4 and 2.
      expect(await onChannel(server, (channel) => channel.checkQueue("celery_delayed_4"))).toMatchObject({
        messageCount: 1,
      });
      for (const kind of ["exchanges", "queues", "bindings"] as const) {
        expect({ [kind]: comparable(await celeryDelays(kind)) }).toEqual({ [kind]: comparable(celerys[kind]) });
      }
    },
    testMs,
  );

  test(
    "a message comes out of it once, not early, and as it was sent, also where Celery has bound an exchange of the queue",
    async () => {
      const connection = await open();
      const [alone, bound] = ["alone", "bound"];
      await connection.declare({ queues: [alone, bound].map(sharedQuorum) });
      await connection.publish([messageTo(bound, 1_000)]);
      await bindAsCelery(bound);
      const sentAtMs = performance.now();
      await connection.publish([messageTo(alone, 2_500), messageTo(bound, 2_500)]);
      const arrived = await Promise.all([alone, bound].map((queue) => consume(connection, queue)));
      await eventually(() => arrived[0]!.length === 1 && arrived[1]!.length === 2, {
        what: "the messages",
        withinMs: 30_000,
        describe: () => JSON.stringify(arrived.map((each) => each.length)),
      });
      // Rounded up to whole seconds.
      expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(3_000);
      for (const delivery of arrived.flat()) {
        expect(delivery).toMatchObject({ count: 1, redelivered: false, message: { headers: { task: "mail" } } });
        await delivery.ack();
      }
      expect(await connection.admin.inspect([alone, bound])).toMatchObject([{ ready: 0 }, { ready: 0 }]);
      expect(arrived.map((each) => each.length)).toEqual([1, 2]);
    },
    testMs,
  );

  test(
    "a release with a delay and a queue that was deleted meanwhile find their way by it",
    async () => {
      const connection = await open();
      const queue = "again";
      const declaration = { queues: [sharedQuorum(queue)] };
      await connection.declare(declaration);
      await connection.publish([messageTo(queue, 1_000)]);
      await connection.admin.delete(queue);
      await connection.declare(declaration);
      await connection.publish([messageTo(queue, 1_000)]);
      const deliveries = await consume(connection, queue);
      // Both: what was delayed when the queue was deleted comes to the new one of its name.
      await eventually(() => deliveries.length === 2, { what: "the messages", withinMs: 30_000 });
      await deliveries[0]!.ack();
      const releasedAtMs = performance.now();
      await deliveries[1]!.release({ delayMs: 1_500 });
      await eventually(() => deliveries.length === 3, { what: "the released message", withinMs: 30_000 });
      expect(performance.now() - releasedAtMs).toBeGreaterThanOrEqual(2_000);
      expect(deliveries[2]).toMatchObject({ count: 1, fence: 2 });
    },
    testMs,
  );
});
