import { randomInt } from "node:crypto";
import { once } from "node:events";
import net from "node:net";

// Below the ports that systems give to outgoing connections: a server that is away for a moment must find its port
// free again, and a client that knocks there meanwhile must not happen to connect to itself.
const firstPort = 12_000;
// A node of Redis Cluster listens 10 000 higher as well, which must still be below.
const lastPort = 22_000;
const tries = 100;

/** A port of the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < tries; tried += 1) {
    const port = randomInt(firstPort, lastPort);
    if (await isFree(port)) return port;
  }
  throw new Error(`Found no free port between ${firstPort} and ${lastPort} in ${tries} tries.`);
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
    return true;
  } catch {
    // Somebody listens there: the next number is tried.
    return false;
  } finally {
    server.close();
  }
}
