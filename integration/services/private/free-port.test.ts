import { once } from "node:events";
import dgram from "node:dgram";
import { expect, test } from "vitest";
import { freePort } from "./free-port.ts";

test("a port is given to one test only, also before anybody listens there", async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, async () => await freePort()));
  expect(new Set(ports).size).toBe(300);
});

test("a port is held against other processes", async () => {
  const port = await freePort();
  const other = dgram.createSocket("udp4");
  other.bind({ port, address: "127.0.0.1" });
  const [error] = (await once(other, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("EADDRINUSE");
  other.close();
});
