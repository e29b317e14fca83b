import { once } from "node:events";
import net from "node:net";

import { onTestFinished } from "vitest";

interface Asked {
  readonly word: string;
  readonly argument: string;
  readonly isSubscriber: boolean;
}

/** A server that knows just enough, and can stop to answer those who have subscribed. */
export class FakeServer {
  readonly server = net.createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  readonly heard: string[] = [];
  readonly #sockets = new Set<net.Socket>();
  /** Told when an answer to a heartbeat has been written, which the client has not read yet. */
  onAnswered: () => void = () => {};
  keepsSubscribersWaiting = false;
  /** Answers nothing, the end of a connection neither. */
  isSilent = false;
  /** What it has not answered while it was silent. */
  readonly #unanswered: (() => void)[] = [];
  /** A command at which it ends the connection. */
  endsAt: string | undefined;
  /** What it answers to commands in place of the usual. */
  readonly answers: Record<string, string> = {};
  /** The nodes of its cluster, which share the slots in this order. */
  nodes: readonly FakeServer[] = [this];

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Those that the other side has not ended. */
  get connections(): number {
    return [...this.#sockets].filter(({ readableEnded }) => !readableEnded).length;
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Is silent no more, and answers what it was asked meanwhile. */
  answerNow(): void {
    this.isSilent = false;
    for (const answer of this.#unanswered.splice(0)) answer();
  }

  countOf(heard: string): number {
    return this.heard.filter((one) => one === heard).length;
  }

  #serve(socket: net.Socket): void {
    let isSubscriber = false;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("end", () => this.isSilent || socket.end());
    socket.on("data", (bytes) => {
      for (const command of bytes.toString().split(/(?=\*\d+\r\n)/)) {
        const [name = "", argument = ""] = [...command.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(
          ([, text]) => text ?? "",
        );
        const word = name.toUpperCase();
        isSubscriber ||= word === "SUBSCRIBE";
        this.heard.push(isSubscriber ? `${word} of a subscriber` : word);
        if (word === this.endsAt) socket.destroy();
        else if (this.isSilent) this.#unanswered.push(() => this.#reply(socket, { word, argument, isSubscriber }));
        else if (!(isSubscriber && this.keepsSubscribersWaiting)) this.#reply(socket, { word, argument, isSubscriber });
      }
    });
  }

  #reply(socket: net.Socket, asked: Asked): void {
    socket.write(this.#answer(asked));
    if (asked.word === "PING") this.onAnswered();
  }

  #answer({ word, argument, isSubscriber }: Asked): string {
    const answer = this.answers[word];
    if (answer !== undefined) return answer;
    if (word === "SUBSCRIBE") return `*3\r\n$9\r\nsubscribe\r\n$${argument.length}\r\n${argument}\r\n:1\r\n`;
    if (word === "PING") return isSubscriber ? "*2\r\n$4\r\npong\r\n$0\r\n\r\n" : "+PONG\r\n";
    return word === "CLUSTER" ? this.#slots() : "+OK\r\n";
  }

  #slots(): string {
    const share = 16_384 / this.nodes.length;
    const range = ({ port }: FakeServer, index: number): string =>
      `*3\r\n:${index * share}\r\n:${(index + 1) * share - 1}\r\n*2\r\n$9\r\n127.0.0.1\r\n:${port}\r\n`;
    return `*${this.nodes.length}\r\n${this.nodes.map(range).join("")}`;
  }
}

export async function openFake(): Promise<FakeServer> {
  const fake = new FakeServer();
  await once(fake.server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    fake.cut();
    fake.server.close();
  });
  return fake;
}
