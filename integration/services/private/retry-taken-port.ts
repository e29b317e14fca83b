import { setTimeout as pause } from "node:timers/promises";

const tries = 10;
const pauseMs = 200;
// As servers, RabbitMQ's runtime, the system and Docker's engine say it.
const isTaken = /address already in use|dist_port_already_used|eaddrinuse|port is already allocated/iu;

/**
 * Starts a server that has a port of its own again and again while somebody else has the port: another program of this machine, or what is left of
 * the server itself.
 * @throws what `start` throws, once it is another reason or has been the same ten times
 */
export async function retryTakenPort<T>(start: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await start();
    } catch (error) {
      if (tried === tries || !isTaken.test(String(error))) throw error;
      await pause(pauseMs);
    }
  }
}
