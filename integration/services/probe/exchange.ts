import net from "node:net";
import tls from "node:tls";

/** One question to a server and what to make of its answer. */
export interface Exchange {
  readonly host: string;
  readonly port: number;
  /** @default false */
  readonly usesTls?: boolean;
  readonly question: Uint8Array;
  /**
   * Reads the bytes that have come so far.
   * @returns `undefined` while they are too few
   * @throws Error when they are no such answer
   */
  readonly read: (answer: Buffer) => string | undefined;
}

const timeoutMs = 2_000;

/**
 * Sends a question over a connection of its own.
 * @returns what `read` made of the answer
 * @throws Error when there is no connection or no answer within 2 s, or the wrong one
 */
export async function exchange({ host, port, usesTls = false, question, read }: Exchange): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // Whether the certificate is the right one is not what is asked here.
  const socket = usesTls ? tls.connect({ host, port, rejectUnauthorized: false }) : net.connect({ host, port });
  const chunks: Buffer[] = [];
  socket.setTimeout(timeoutMs, () => reject(new Error(`nothing within ${timeoutMs} ms`)));
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("the connection was closed instead of an answer")));
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    try {
      const answer = read(Buffer.concat(chunks));
      if (answer !== undefined) resolve(answer);
    } catch (error) {
      reject(error);
    }
  });
  socket.write(question);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
