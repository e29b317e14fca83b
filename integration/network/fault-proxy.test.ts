import { once } from "node:events";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bothWays } from "./fault.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { Peer } from "./test-support/peer.ts";

let server: net.Server;
let accepted: Peer[];
let proxy: FaultProxy;
let peers: Peer[];

beforeEach(async () => {
  accepted = [];
  peers = [];
  server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => accepted.push(new Peer(socket)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  proxy = await FaultProxy.open({ port: (server.address() as net.AddressInfo).port });
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  for (const peer of [...peers, ...accepted]) peer.socket.destroy();
  server.close();
});

async function connect(): Promise<{ readonly client: Peer; readonly far: Peer }> {
  const before = accepted.length;
  const client = new Peer(net.connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true }));
  peers.push(client);
  await expect.poll(() => accepted.length).toBe(before + 1);
  return { client, far: accepted[before]! };
}

describe("a healthy network", () => {
  test("carries bytes both ways, in order, and the end of each side by itself", async () => {
    const { client, far } = await connect();
    const much = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251));
    client.socket.end(much);
    await far.hears(much.length);
    expect(far.heard.equals(much)).toBe(true);
    await far.untilEnd();
    far.socket.end("answer after the end");
    await client.hears(20);
    await client.untilEnd();
    await expect.poll(() => proxy.connections).toBe(0);
  });

  test("resets the client when nobody listens behind it", async () => {
    await using astray = await FaultProxy.open({ port: 1 });
    const client = new Peer(net.connect(astray.port, "127.0.0.1"));
    expect(await client.untilClosed()).toBe("ECONNRESET");
  });

  test("passes on that one side has reset the connection", async () => {
    const { client, far } = await connect();
    far.socket.resetAndDestroy();
    expect(await client.untilClosed()).toBe("ECONNRESET");
  });
});

describe("latency and rate", () => {
  test("latency delays, and what follows closely is not slowed down", async () => {
    proxy.set({ up: { latencyMs: 150 } });
    const { client, far } = await connect();
    const sentAtMs = performance.now();
    for (let sent = 0; sent < 10; sent += 1) client.socket.write("x");
    await far.hears(10);
    const tookMs = performance.now() - sentAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(149);
    expect(tookMs).toBeLessThan(1_000);
  });

  test("jitter keeps the order", async () => {
    proxy.set({ down: { jitterMs: 30 } });
    const { client, far } = await connect();
    const text = Array.from({ length: 50 }, (_, index) => `${index} `).join("");
    for (const word of text.match(/\d+ /gu) ?? []) {
      far.socket.write(word);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.hears(text.length);
    expect(client.heard.toString()).toBe(text);
  });

  test("the other way is not affected", async () => {
    proxy.set({ up: { latencyMs: 60_000 } });
    const { client, far } = await connect();
    client.socket.write("late");
    far.socket.write("at once");
    await client.hears(7);
    expect(far.heard).toHaveLength(0);
  });

  test("at a limited rate bytes take their time", async () => {
    proxy.set({ up: { bytesPerSecond: 10_000 } });
    const { client, far } = await connect();
    const sentAtMs = performance.now();
    client.socket.write(Buffer.alloc(3_000));
    await far.hears(3_000);
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(250);
  });
});

describe("a black hole", () => {
  test("one way swallows what goes there, and gives it back when the network is well again", async () => {
    const { client, far } = await connect();
    proxy.set({ down: { isBlackHole: true } });
    client.socket.write("question");
    await far.hears(8);
    far.socket.write("answer");
    // The other way has carried this since: had the answer been let through, it would be here.
    client.socket.write("!");
    await far.hears(9);
    expect(client.heard).toHaveLength(0);
    proxy.heal();
    await client.hears(6);
  });

  test("both ways tells nobody that the other side has closed", async () => {
    const { client, far } = await connect();
    proxy.set(bothWays({ isBlackHole: true }));
    far.socket.end("last words");
    await new Promise((resolve) => far.socket.once("finish", () => resolve(undefined)));
    expect(client.socket.readableEnded).toBe(false);
    expect(client.heard).toHaveLength(0);
    proxy.heal();
    await client.untilEnd();
    expect(client.heard.toString()).toBe("last words");
  });

  test("holds the sender back instead of filling the memory", async () => {
    proxy.set({ up: { isBlackHole: true } });
    const { client } = await connect();
    const mebibyte = Buffer.alloc(2 ** 20);
    let accepts = true;
    for (let sent = 0; sent < 64 && accepts; sent += 1) {
      accepts = client.socket.write(mebibyte) || (await client.drains());
    }
    expect(accepts).toBe(false);
  });
});

describe("broken connections", () => {
  test("a cut resets both ends, and new connections work", async () => {
    const { client, far } = await connect();
    proxy.cut();
    expect(await client.untilClosed()).toBe("ECONNRESET");
    expect(await far.untilClosed()).toBe("ECONNRESET");
    const again = await connect();
    again.client.socket.write("hello");
    await again.far.hears(5);
    expect(proxy.connections).toBe(1);
  });

  test("a half-open connection is dead at one end, and the other is not told", async () => {
    const { client, far } = await connect();
    proxy.abandon("server");
    expect(await far.untilClosed()).toBe("ECONNRESET");
    client.socket.write("is anybody there?");
    await new Promise((resolve) => client.socket.write("", resolve));
    expect(client.socket.readyState).toBe("open");
    expect(proxy.connections).toBe(1);
    client.socket.destroy();
    await expect.poll(() => proxy.connections).toBe(0);
  });

  test("it can be half-open the other way round", async () => {
    const { client, far } = await connect();
    proxy.abandon("client");
    expect(await client.untilClosed()).toBe("ECONNRESET");
    expect(far.socket.readyState).toBe("open");
  });

  test("a frame is truncated after so many more bytes", async () => {
    const { client, far } = await connect();
    far.socket.write("whole frame");
    await client.hears(11);
    proxy.set({ down: { cutAfterBytes: 4 } });
    far.socket.write("broken frame");
    await client.untilClosed();
    expect(client.heard.toString()).toBe("whole framebrok");
  });

  test("a frame is truncated in each connection anew", async () => {
    proxy.set({ up: { cutAfterBytes: 3 } });
    for (const text of ["first", "second"]) {
      const { client, far } = await connect();
      client.socket.write(text);
      await far.untilClosed();
      expect(far.heard.toString()).toBe(text.slice(0, 3));
    }
    await expect.poll(() => proxy.ended).toBe(2);
  });

  test("garbage arrives between what was sent", async () => {
    const { client, far } = await connect();
    far.socket.write("before ");
    await client.hears(7);
    proxy.inject("down", Buffer.from("garbage "));
    await client.hears(15);
    far.socket.write("after");
    await client.hears(20);
    expect(client.heard.toString()).toBe("before garbage after");
  });

  test("while it is down it resets what is open and what comes, and is there again afterwards", async () => {
    const { client } = await connect();
    proxy.set({ isDown: true });
    expect(await client.untilClosed()).toBe("ECONNRESET");
    const refused = new Peer(net.connect(proxy.port, "127.0.0.1"));
    expect(await refused.untilClosed()).toBe("ECONNRESET");
    proxy.heal();
    const again = await connect();
    again.client.socket.write("hello");
    await again.far.hears(5);
  });
});

test("disposal ends a connection whatever its state, and can be repeated", async () => {
  const { client } = await connect();
  proxy.set(bothWays({ isBlackHole: true, latencyMs: 60_000 }));
  client.socket.write("stuck");
  const half = await connect();
  await proxy[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  expect(await client.untilClosed()).toBe("ECONNRESET");
  await half.client.untilClosed();
  expect(proxy.connections).toBe(0);
});

test("the URL of a server is changed to lead through it", () => {
  expect(proxy.urlOf("redis://user:secret@example.com:6379/3?x=1")).toBe(
    `redis://user:secret@127.0.0.1:${proxy.port}/3?x=1`,
  );
});
