import { once } from "node:events";
import net from "node:net";
import { silentLog, systemClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";
import { AmqpLink } from "./amqp-link.ts";
import { amqpTarget } from "./amqp-options.ts";

/** A method of the protocol's class "connection", in its frame. */
function frame(method: number, ...fields: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.from([0, 10, 0, method]), ...fields]);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, payload.length]);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

const short = (text: string): Buffer => Buffer.from([text.length, ...Buffer.from(text)]);
const long = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0]), short(text)]);

const start = frame(10, Buffer.from([0, 9]), long(""), long("PLAIN"), long("en_US"));
const tune = frame(30, Buffer.from([0x07, 0xff, 0x00, 0x02, 0x00, 0x00, 0x00, 0x3c]));
const openOk = frame(41, short(""));
const denied = frame(50, Buffer.from([0x01, 0x93]), short("ACCESS_REFUSED"), Buffer.alloc(4));
const down = frame(50, Buffer.from([0x02, 0x1d]), short("INTERNAL_ERROR - vhost 'new' is down"), Buffer.alloc(4));
const close = frame(50, Buffer.from([0x01, 0x40]), short("CONNECTION_FORCED"), Buffer.alloc(4));

interface Played {
  readonly url: string;
  readonly connections: () => number;
  /** Ends all connections, and takes no password any more. */
  readonly deny: () => void;
}

/** A server that opens connections; `farewells` of them are closed in the write that opens them, and to `downs` of them it says that the vhost is down. */
async function serve(farewells: number, downs = 0): Promise<Played> {
  const sockets: net.Socket[] = [];
  let isDenying = false;
  const server = net.createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    const opened = sockets.length <= farewells ? Buffer.concat([openOk, close]) : openOk;
    const last = sockets.length <= downs ? down : opened;
    const answers = isDenying ? [start, denied] : [start, tune, last];
    socket.on("data", () => {
      const answer = answers.shift();
      if (answer !== undefined) socket.write(answer);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  const deny = (): void => {
    isDenying = true;
    for (const socket of sockets) socket.destroy();
  };
  return { url: `amqp://127.0.0.1:${port}`, connections: () => sockets.length, deny };
}

async function open({ url }: Played): Promise<AmqpLink> {
  return await AmqpLink.open({ target: amqpTarget(url, {}), clock: systemClock, log: silentLog, name: "test" });
}

test("a connection that the server closes right behind its opening is not taken for open", async () => {
  const { url } = await serve(1);
  const opening = AmqpLink.open({ target: amqpTarget(url, {}), clock: systemClock, log: silentLog, name: "test" });
  await expect(opening).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringMatching(/closed/u) as string,
  });
});

test("where one is closed right behind its opening, the next host is tried", async () => {
  const [first, second] = [await serve(1), await serve(0)];
  const url = `${first.url},${new URL(second.url).host}`;
  const link = await AmqpLink.open({
    target: amqpTarget(url, {}),
    clock: systemClock,
    log: silentLog,
    name: "test",
  });
  onTestFinished(async () => await link.close(0));
  expect([link.state, first.connections(), second.connections()]).toEqual(["open", 1, 1]);
});

test("after a loss the next host is tried first: the one that was lost may not answer", async () => {
  const [first, second] = [await serve(0), await serve(0)];
  const link = await open({ ...first, url: `${first.url},${new URL(second.url).host}` });
  onTestFinished(async () => await link.close(0));
  first.deny();
  await expect.poll(() => second.connections(), { timeout: 20_000 }).toBe(1);
  expect(first.connections()).toBe(1);
});

test("a vhost that is not up yet is tried once more before it is taken for one that is not there", async () => {
  const [late, missing] = [await serve(0, 1), await serve(0, 2)];
  const [link] = await Promise.all([open(late), expect(open(missing)).rejects.toMatchObject({ kind: "denied" })]);
  onTestFinished(async () => await link.close(0));
  expect([link.state, late.connections(), missing.connections()]).toEqual(["open", 2, 2]);
});

test("a refusal while it reconnects is told in the log, once: it lasts until somebody does something about it", async () => {
  const { url, connections, deny } = await serve(0);
  const warnings: unknown[] = [];
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
  const link = await AmqpLink.open({ target: amqpTarget(url, {}), clock: systemClock, log, name: "test" });
  onTestFinished(async () => await link.close(0));
  deny();
  await expect.poll(connections, { timeout: 20_000 }).toBeGreaterThan(3);
  expect(warnings).toEqual(["The connection to RabbitMQ is lost; reconnecting.", "An attempt to reconnect failed."]);
});
