import { once } from "node:events";
import net from "node:net";

import { silentLog, systemClock, virtualClock, type Clock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished } from "vitest";

import { RedisConnection } from "./redis-connection.ts";
import { redisTarget } from "./redis-options.ts";

/** A server that knows just enough, and can stop to answer those who have subscribed. */
class FakeServer {
  readonly server = net.createServer((socket) => this.#serve(socket));
  readonly heard: string[] = [];
  /** Told when an answer to a heartbeat has been written, which the client has not read yet. */
  onAnswered: () => void = () => {};
  keepsSubscribersWaiting = false;

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as net.AddressInfo).port}`;
  }

  countOf(heard: string): number {
    return this.heard.filter((one) => one === heard).length;
  }

  #serve(socket: net.Socket): void {
    let isSubscriber = false;
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      for (const command of bytes.toString().split(/(?=\*\d+\r\n)/)) {
        const [name = "", argument = ""] = [...command.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(
          ([, text]) => text ?? "",
        );
        const word = name.toUpperCase();
        isSubscriber ||= word === "SUBSCRIBE";
        this.heard.push(isSubscriber ? `${word} of a subscriber` : word);
        if (isSubscriber && this.keepsSubscribersWaiting) continue;
        if (word === "SUBSCRIBE") socket.write(`*3\r\n$9\r\nsubscribe\r\n$${argument.length}\r\n${argument}\r\n:1\r\n`);
        else if (word === "PING") {
          socket.write(isSubscriber ? "*2\r\n$4\r\npong\r\n$0\r\n\r\n" : "+PONG\r\n");
          this.onAnswered();
        } else socket.write("+OK\r\n");
      }
    });
  }
}

async function openFake(): Promise<FakeServer> {
  const fake = new FakeServer();
  await once(fake.server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void fake.server.close());
  return fake;
}

async function openTo(fake: FakeServer, clock: Clock, lost: string[]): Promise<RedisConnection> {
  const target = redisTarget(fake.url, {});
  const onLost = (cause: Error): void => void lost.push(cause.message);
  const connection = await RedisConnection.open({ target, clock, log: silentLog, name: "test", onLost });
  onTestFinished(() => connection.close());
  return connection;
}

describe("the heartbeat", () => {
  it("asks the connection for what is published as well, and goes on while both answer", async () => {
    const [fake, clock, lost] = [await openFake(), virtualClock(), [] as string[]];
    const connection = await openTo(fake, clock, lost);
    await connection.subscribe(["a"], () => {});
    for (const beats of [1, 2, 3]) {
      await clock.advance(5_000);
      await expect.poll(() => fake.countOf("PING of a subscriber")).toBe(beats);
      // Each connection answers in order: both heartbeats have been answered when these are.
      await Promise.all([connection.call("TIME", []), connection.subscribe([`b${beats}`], () => {})]);
    }
    expect(lost).toEqual([]);
  });

  it("finds that the connection for what is published is gone without a word", async () => {
    const [fake, clock, lost] = [await openFake(), virtualClock(), [] as string[]];
    const connection = await openTo(fake, clock, lost);
    await connection.subscribe(["a"], () => {});
    fake.keepsSubscribersWaiting = true;
    await clock.advance(5_000);
    await expect.poll(() => fake.countOf("PING")).toBe(1);
    await clock.advance(5_000);
    expect(lost).toEqual([expect.stringContaining("does not answer")]);
  });

  it("reads an answer that came in time although the event loop was blocked until it was out of patience", async () => {
    const [fake, lost] = [await openFake(), [] as string[]];
    const timers: (() => void)[] = [];
    const timer: Clock["timer"] = (_, callback) => {
      timers.push(callback);
      return { cancel: () => {} };
    };
    const connection = await openTo(fake, { ...systemClock, timer }, lost);
    const answered = new Promise<void>((resolve) => {
      // After the sockets of this turn, so that the answer is read in the next one.
      fake.onAnswered = () =>
        void setImmediate(() => {
          timers.at(-1)?.();
          resolve();
        });
    });
    timers.at(-1)?.();
    await answered;
    await connection.call("TIME", []);
    expect(lost).toEqual([]);
  });
});
