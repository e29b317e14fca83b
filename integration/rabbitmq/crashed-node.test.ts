import type { Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";
import { come, openRpc, passing, resultFor, tryPut } from "./rpc-results.ts";

const startMs = 150_000;
const mostCrashes = 8;
const ids = Array.from({ length: 8 }, (_, index) => `m${index}`);

function messageTo(to: string, id: string): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from(id) };
}

describeOwnServer("rabbitmq", (start) => {
  let server: OwnServer;
  beforeAll(async () => void (server = await start()), startMs);
  afterAll(async () => await server[Symbol.asyncDispose](), startMs);

  test("results over rpc outlive a restart of the server", async () => {
    const [caller, worker] = [await openRpc(server.url), await openRpc(server.url)];
    const replyTo = String(caller.results?.replyTo);
    await server.restart({ keepsData: true });
    const refusals: unknown[] = [];
    const store = async (): Promise<boolean> => await tryPut(worker, [resultFor(replyTo, "after")], refusals);
    await eventually(store, { what: "the server to take a result", withinMs: 60_000 });
    await come(caller, ["after"]);
    expect(refusals).toMatchObject(refusals.map(() => passing));
  });

  test("row 14: a node that is killed again and again gives up only what was held alone, and nothing that only waited in a classic queue, though it flags all of it", async () => {
    const connection = await amqpTransport({ url: server.url, sweep: "300ms", queueType: "classic" });
    onTestFinished(async () => await connection.close());
    await connection.declare({ queues: [{ name: "mail" }] });
    await connection.publish(ids.map((id) => messageTo("mail", id)));
    const held: Delivery[] = [];
    const done = new Set<string>();
    let isDone = false;
    const onDelivery = (delivery: Delivery): void => {
      if (!isDone) return void held.push(delivery);
      // What is refused, since the node was away, comes again.
      delivery.ack().then(
        () => done.add(delivery.message.properties.messageId),
        () => {},
      );
    };
    const consumer = await connection.consume({ queue: "mail", prefetch: 1, onDelivery });
    const told = (): string => held.map(({ message, count }) => `${message.properties.messageId}#${count}`).join(", ");
    const describe = (): string => `Held: ${told()}. Done: ${[...done].join(", ")}.`;
    // Three would do, but a crash may bring back what was just moved, and a second copy is then held in between.
    let before = 0;
    for (let crash = 1; crash <= mostCrashes && !isDone; crash += 1) {
      await eventually(() => held.length > before, { what: `delivery ${crash}`, withinMs: 60_000, describe });
      await server.kill();
      before = held.length;
      // From the second time on all of them become suspects at once, and wait for their turn.
      if (crash === 2) consumer.setPrefetch(ids.length);
      isDone = held.at(-1)?.count === 3;
      await server.start();
    }
    expect(isDone).toBe(true);
    expect(held.filter(({ count }, index) => count > index + 1)).toEqual([]);
    // All of them count as lost with a node; only the one that was held alone may be given up.
    const alone = held.at(-1)?.message.properties.messageId;
    const isOver = (): boolean => ids.every((id) => id === alone || done.has(id));
    await eventually(isOver, { what: "the end of all others", withinMs: 60_000, describe });
    const dead = async (): Promise<readonly string[]> => {
      const { messages } = await connection.admin.browse("mail.dead");
      return messages.map(({ message }) => message.properties.messageId);
    };
    await eventually(async () => (await dead()).length > 0, { what: "the dead letter", withinMs: 30_000, describe });
    await eventually(async () => (await connection.admin.inspect(["mail"]))[0]?.ready === 0, {
      what: "an empty queue",
      withinMs: 30_000,
      describe,
    });
    expect(await dead()).toEqual([alone]);
  }, 600_000);
});
