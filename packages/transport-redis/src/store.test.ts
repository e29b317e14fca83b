import { once } from "node:events";
import net from "node:net";

import { redisTarget } from "@lovage/client-redis";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { RedisStore } from "./store.ts";

test("closed while a server that says nothing is connected, it leaves no socket", async () => {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.resume());
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as net.AddressInfo;
  const store = new RedisStore({
    target: redisTarget(`redis://127.0.0.1:${port}`, {}),
    prefix: "lovage",
    globalKeyPrefix: "",
    celeryProducers: true,
    clock: virtualClock(),
    log: silentLog,
    name: "test",
    maxMessageBytes: 262_144,
    strict: false,
  });
  const opened = store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
  await expect.poll(() => sockets.size).toBe(1);
  await Promise.all([store.close(), expect(opened).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" })]);
  await expect.poll(() => sockets.size).toBe(0);
});
