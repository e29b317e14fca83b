import type { Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";
import { permitGuest } from "../services/rabbitmq/permit-guest.ts";

function messageTo(to: OutgoingMessage["to"], id: string): OutgoingMessage {
  const properties = { messageId: id, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from(id) };
}

async function codeOf(publication: Promise<unknown>): Promise<unknown> {
  try {
    await publication;
    return "accepted";
  } catch (error) {
    return (error as { readonly code: unknown }).code;
  }
}

async function readyIn(connection: Connection, queue: string): Promise<number | undefined> {
  const [stats] = await connection.admin.inspect([queue]);
  return stats?.ready;
}

describeVhost((server) => {
  async function open(...queues: readonly string[]): Promise<Connection> {
    const connection = await amqpTransport({ url: server.url });
    onTestFinished(async () => await connection.close());
    await connection.declare({ queues: queues.map((name) => ({ name })) });
    return connection;
  }

  async function permit(writable: string): Promise<void> {
    await server.execute("rabbitmqctl", ["eval", `${permitGuest(server.vhost, writable)}.`]);
  }

  test("what a user may not write is refused for good", async () => {
    const connection = await open("guarded");
    await permit("^$");
    onTestFinished(async () => await permit(".*"));
    expect(await codeOf(connection.publish([messageTo("guarded", "one")]))).toBe("TRANSPORT_REJECTED");
  });

  test("a topic that a user may not write to is refused, and costs no other message of its exchange a copy", async () => {
    const connection = await open("topics");
    const declared = {
      exchanges: [{ name: "ev", type: "topic" }],
      bindings: [{ exchange: "ev", queue: "topics", routingKey: "#" }],
    } as const;
    await connection.declare(declared);
    const inVhost = ["--vhost", server.vhost];
    await server.execute("rabbitmqctl", ["set_topic_permissions", ...inVhost, "guest", "ev", "^good", ".*"]);
    // Seen once: the message was accepted. Where the permission is not in force yet, it is not for the transport to refuse.
    const permissions = `rabbit_auth_backend_internal:list_vhost_topic_permissions(<<"${server.vhost}">>)`;
    const inForce = `[proplists:get_value(write, P) || P <- ${permissions}] =:= [<<"^good">>].`;
    expect((await server.execute("rabbitmqctl", ["eval", inForce])).trim()).toBe("true");
    const publications = ["good.1", "good.2", "bad.1", "good.3"].map((routingKey) =>
      codeOf(connection.publish([messageTo({ exchange: "ev", routingKey }, routingKey)])),
    );
    const codes = await Promise.all(publications);
    expect(codes.slice(2)).toEqual(["TRANSPORT_REJECTED", "accepted"]);
    expect(codes.slice(0, 2)).not.toContain("TRANSPORT_REJECTED");
    expect(await readyIn(connection, "topics")).toBe(3);
  });

  test("a message that cannot become a dead letter takes no place in the prefetch, and comes again, counted as lost", async () => {
    const connection = await open("ending");
    const deliveries: Delivery[] = [];
    const take = (each: Delivery): void => void deliveries.push(each);
    const consumer = await connection.consume({ queue: "ending", prefetch: 1, onDelivery: take });
    // From elsewhere: a channel remembers what it was once permitted, until it has been idle for about a second.
    const sender = await open("ending");
    await sender.publish([messageTo("ending", "refused"), messageTo("ending", "behind")]);
    await eventually(() => deliveries.length === 1, { what: "the delivery", withinMs: 10_000 });
    await permit("^$");
    onTestFinished(async () => await permit(".*"));
    const { signal } = deliveries[0]!;
    expect(await codeOf(deliveries[0]!.reject({ reason: "failed" }))).toBe("TRANSPORT_REJECTED");
    expect(signal.aborted).toBe(true);
    await eventually(() => deliveries.length === 2, { what: "the one behind it", withinMs: 5_000 });
    expect([consumer.unsettled, deliveries[1]!.message.properties.messageId]).toEqual([1, "behind"]);
    await deliveries[1]!.ack();
    await permit(".*");
    await eventually(() => deliveries.length === 3, { what: "another delivery", withinMs: 30_000 });
    const [, , again] = deliveries;
    expect([again!.message.properties.messageId, again!.count]).toEqual(["refused", 2]);
    await again!.reject({ reason: "failed" });
    expect((await connection.admin.inspect(["ending"]))[0]).toMatchObject({ ready: 0, dead: 1 });
  });

  test("what follows a delivery is sent once to the queue that takes it, however often another refuses its part", async () => {
    const connection = await open("work", "free", "full");
    const policy = '{"max-length":1,"overflow":"reject-publish"}';
    const inVhost = ["--vhost", server.vhost];
    await server.execute("rabbitmqctl", ["set_policy", ...inVhost, "full", "^full$", policy, "--apply-to", "queues"]);
    const isFull = async (): Promise<boolean> =>
      (await codeOf(connection.publish([messageTo("full", "filling")]))) === "TRANSPORT_UNAVAILABLE";
    await eventually(isFull, { what: "the queue to be full", withinMs: 10_000 });
    const deliveries: Delivery[] = [];
    await connection.consume({ queue: "work", prefetch: 1, onDelivery: (each) => void deliveries.push(each) });
    await connection.publish([messageTo("work", "task")]);
    await eventually(() => deliveries.length === 1, { what: "the delivery", withinMs: 10_000 });
    const followUps = [messageTo("free", "next"), messageTo("full", "beside")];
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(deliveries[0]!.ack(followUps)).rejects.toMatchObject({ retryable: true });
    await server.execute("rabbitmqctl", ["clear_policy", ...inVhost, "full"]);
    const before = await readyIn(connection, "full");
    const isSettled = async (): Promise<boolean> => (await codeOf(deliveries[0]!.ack(followUps))) === "accepted";
    await eventually(isSettled, { what: "the settlement", withinMs: 10_000 });
    expect([await readyIn(connection, "free"), await readyIn(connection, "full")]).toEqual([1, before! + 1]);
  });
});
