import { once } from "node:events";
import net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Link } from "./link.ts";

/** Both ends of a connection; nobody reads at the far one. */
async function connected(): Promise<net.Socket> {
  const server = net.createServer({ pauseOnConnect: true }, (far) => {
    onTestFinished(() => void far.destroy());
    // It is reset in the end, as it should be.
    far.on("error", () => {});
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const near = net.connect({ port: (server.address() as net.AddressInfo).port, allowHalfOpen: true });
  await once(near, "connect");
  server.close();
  return near;
}

test("a cut closes an end that has said its last words to somebody who does not listen", async () => {
  const [client, server] = [await connected(), await connected()];
  const link = new Link({ client, server }, {}, () => {});
  server.end(Buffer.alloc(32 * 2 ** 20));
  link.cut();
  await once(server, "close", { signal: AbortSignal.timeout(5_000) });
  expect(server.destroyed).toBe(true);
});
