import { randomInt } from "node:crypto";
import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";

// Below the ports that systems give to outgoing connections: a server that is away for a moment must find its port
// free again, and a client that knocks there meanwhile must not happen to connect to itself.
const firstPort = 12_000;
// A node of Redis Cluster listens 10 000 higher as well, which must still be below.
const lastPort = 22_000;
const tries = 100;

/**
 * A port of the loopback interface that nobody listens on. No other test gets it as long as this process lives, so that a server that starts slowly, or is away for a moment, finds
 * it free.
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < tries; tried += 1) {
    const port = randomInt(firstPort, lastPort);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
  throw new Error(`Found no free port between ${firstPort} and ${lastPort} in ${tries} tries.`);
}

/** Among processes: none of the servers uses UDP, where the same number can be held meanwhile. The system gives it back when the process ends, however it ends. */
async function reserve(port: number): Promise<boolean> {
  const socket = dgram.createSocket("udp4");
  try {
    await once(socket.bind({ port, address: "127.0.0.1", exclusive: true }), "listening");
    socket.unref();
    return true;
  } catch {
    // Another test has it: the next number is tried.
    socket.close();
    return false;
  }
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
