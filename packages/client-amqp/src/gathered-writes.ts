import type { Writable } from "node:stream";

/**
 * Has what is written to a socket in one turn of the event loop go out as one write: the client hands over each message, and each acknowledgement, by
 * itself, and every one would be a call of the operating system, and a packet, of its own.
 */
export function gatherWrites(socket: Writable): void {
  const write = socket.write.bind(socket) as (...parts: readonly unknown[]) => boolean;
  const release = (): void => socket.uncork();
  socket.write = (...parts: readonly unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(release);
    }
    return write(...parts);
  };
}
