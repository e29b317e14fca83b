import { once } from "node:events";
import net from "node:net";
import type { Delivery } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";

const short = (text: string): Buffer => Buffer.from([text.length, ...Buffer.from(text)]);
const uint = (value: number, bytes: 2 | 4 | 8): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, Math.max(0, bytes - 6), Math.min(6, bytes));
  return buffer;
};
const long = (bytes: Buffer): Buffer => Buffer.concat([uint(bytes.length, 4), bytes]);
const field = (name: string, kind: string, bytes: Buffer): Buffer =>
  Buffer.concat([short(name), Buffer.from(kind), bytes]);
const frame = (kind: number, channel: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([kind]), uint(channel, 2), long(payload), Buffer.from([0xce])]);
const method = (channel: number, id: readonly [number, number], ...fields: readonly Buffer[]): Buffer =>
  frame(1, channel, Buffer.concat([uint(id[0], 2), uint(id[1], 2), ...fields]));

/** Publishes over a connection of its own, with headers as another client writes them. */
async function publishRaw(url: string, queue: string, headers: Buffer): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const vhost = pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : "/";
  const socket = net.connect(Number(port), hostname);
  await once(socket, "connect");
  const say = async (...bytes: readonly Buffer[]): Promise<void> => {
    socket.write(Buffer.concat(bytes));
    await once(socket, "data");
  };
  const login = Buffer.from(`\0${username || "guest"}\0${password || "guest"}`);
  await say(Buffer.from("AMQP\0\0\u0009\u0001", "latin1"));
  await say(method(0, [10, 11], long(Buffer.alloc(0)), short("PLAIN"), long(login), short("en_US")));
  const tuned = method(0, [10, 31], uint(1, 2), uint(131_072, 4), uint(0, 2));
  await say(tuned, method(0, [10, 40], short(vhost), short(""), Buffer.from([0])));
  await say(method(1, [20, 10], short("")));
  const properties = Buffer.concat([uint(60, 2), uint(0, 2), uint(1, 8), uint(0x20_00, 2), long(headers)]);
  const body = frame(3, 1, Buffer.from("x"));
  const publish = method(1, [60, 40], uint(0, 2), short(""), short(queue), Buffer.from([0]));
  await say(
    publish,
    frame(2, 1, properties),
    body,
    method(1, [20, 40], uint(200, 2), short(""), uint(0, 2), uint(0, 2)),
  );
  socket.destroy();
}

describeVhost((server) => {
  test("headers of another client's are read, and cost nobody a connection: whole numbers of Python's, tables within tables without end, tables that look like times", async () => {
    let deep: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 6_000; depth += 1) deep = field("a", "F", long(deep));
    const odd = Buffer.concat([
      field("!", "S", long(Buffer.from("x"))),
      field("value", "F", long(field("toString", "t", Buffer.from([1])))),
    ]);
    const id = (text: string): Buffer => field("id", "S", long(Buffer.from(text)));
    const tables = [
      Buffer.concat([id("wide"), field("at", "L", uint(1_795_216_669_663, 8))]),
      Buffer.concat([id("deep"), deep]),
      Buffer.concat([id("odd"), field("odd", "F", long(odd))]),
    ];
    const states: string[] = [];
    const connection = await amqpTransport({
      url: server.url,
      queueType: "classic",
      onState: (state) => states.push(state),
    });
    onTestFinished(async () => await connection.close());
    await connection.declare({ queues: [{ name: "foreign" }] });
    for (const table of tables) await publishRaw(server.url, "foreign", table);
    const deliveries: Delivery[] = [];
    await connection.consume({ queue: "foreign", prefetch: 5, onDelivery: (each) => void deliveries.push(each) });
    await eventually(() => deliveries.length === 3, { what: "the messages", withinMs: 20_000 });
    expect(deliveries.map(({ message }) => message.headers["id"])).toEqual(["wide", "deep", "odd"]);
    expect(deliveries[0]!.message.headers["at"]).toBe(1_795_216_669_663);
    // As they are read they can be written: a release is a copy.
    await Promise.all(deliveries.splice(0).map((delivery) => delivery.release()));
    await eventually(() => deliveries.length === 3, { what: "the copies", withinMs: 20_000 });
    await Promise.all(deliveries.map((delivery) => delivery.reject({ reason: "failed", detail: "no task" })));
    expect(await connection.admin.inspect(["foreign"])).toMatchObject([{ ready: 0, dead: 3 }]);
    expect(states).toEqual([]);
  });
});
