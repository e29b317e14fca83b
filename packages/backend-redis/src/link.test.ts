import { once } from "node:events";
import net from "node:net";

import { redisTarget } from "@lovage/client-redis";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { Link } from "./link.ts";

test("closed while a server that says nothing is connected, it ends the calls that wait at once, and leaves no socket", async () => {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.resume());
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as net.AddressInfo;
  const target = redisTarget(`redis://127.0.0.1:${port}`, {});
  const link = new Link({ target, clock: virtualClock(), log: silentLog, name: "test", check: async () => {} });
  const calls = [link.call("PING", []), link.call("PING", [])];
  await expect.poll(() => sockets.size).toBe(1);
  link.close();
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "CLOSED" });
  await expect.poll(() => sockets.size).toBe(0);
});
