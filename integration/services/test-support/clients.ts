import { once } from "node:events";
import net from "node:net";

/** A connection that a server takes for a client's. */
export interface Client extends Disposable {
  /** Resolves when the server has ended it. */
  readonly isClosed: Promise<void>;
}

const waitMs = 30_000;
// RabbitMQ asks whether the client agrees, and its command waits for that.
const connectionClose = "\0\n\0\u0032";

/** What is sent after each answer; an answer is known by what it holds. */
type Dialogue = readonly (readonly [says: string, answer: string])[];

export const openRedis = async (port: number): Promise<Client> => await open(port, [["PING\r\n", "PONG"]]);

/** The database is ready for a query when it has sent Z. */
export const openPostgres = async (port: number): Promise<Client> =>
  await open(port, [["\0\0\0\u0017\0\u0003\0\0user\0postgres\0\0", "Z\0\0\0\u0005"]]);

/** Connection.Start, Start-Ok, Tune, Tune-Ok and Open, Open-Ok. */
export const openAmqp = async (port: number): Promise<Client> =>
  await open(port, [
    ["AMQP\0\0\u0009\u0001", "\0\n\0\n"],
    [method(11, "\0\0\0\0\u0005PLAIN\0\0\0\u000c\0guest\0guest\u0005en_US"), "\0\n\0\u001e"],
    [method(31, "\0\u0001\0\u0002\0\0\0\0") + method(40, "\u0001/\0\0"), "\0\n\0\u0029"],
  ]);

/** A frame of AMQP with a method of the class connection. */
function method(id: number, args: string): string {
  const payload = `\0\n\0${String.fromCharCode(id)}${args}`;
  return `\u0001\0\0\0\0\0${String.fromCharCode(payload.length)}${payload}\u00ce`;
}

async function open(port: number, dialogue: Dialogue): Promise<Client> {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect", inTime());
  for (const [says, answer] of dialogue) {
    socket.write(says, "latin1");
    for (let heard = ""; !heard.includes(answer);) {
      const [bytes] = (await once(socket, "data", inTime())) as [Buffer];
      heard += bytes.toString("latin1");
    }
  }
  // Being reset is one way to be ended.
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    if (bytes.toString("latin1").includes(connectionClose)) socket.write(method(51, ""), "latin1");
  });
  const isClosed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { isClosed, [Symbol.dispose]: () => socket.destroy() };
}

function inTime(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(waitMs) };
}
