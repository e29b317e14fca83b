import { once } from "node:events";
import type { Socket } from "node:net";
import { expect } from "vitest";

const waitMs = 10_000;

/** One end of a connection, and what it has heard. */
export class Peer {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  #failure: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => this.#chunks.push(bytes));
    socket.on("error", (error: NodeJS.ErrnoException) => (this.#failure = error.code));
  }

  get heard(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Waits until it has heard so many bytes. */
  async hears(byteCount: number): Promise<void> {
    const count = () => this.#chunks.reduce((sum, { length }) => sum + length, 0);
    await expect.poll(count, { timeout: waitMs, interval: 2 }).toBe(byteCount);
  }

  /** Waits until the other end has said that it will say no more. */
  async untilEnd(): Promise<void> {
    if (!this.socket.readableEnded) await once(this.socket, "end", { signal: AbortSignal.timeout(waitMs) });
  }

  /** Waits until the connection is gone. @returns the code of the failure, when it was one */
  async untilClosed(): Promise<string | undefined> {
    await expect.poll(() => this.socket.closed, { timeout: waitMs, interval: 2 }).toBe(true);
    return this.#failure;
  }

  /** Whether it may write again within a short while. */
  async drains(): Promise<boolean> {
    try {
      await once(this.socket, "drain", { signal: AbortSignal.timeout(300) });
      return true;
    } catch {
      // It is held back: that is the answer.
      return false;
    }
  }
}
