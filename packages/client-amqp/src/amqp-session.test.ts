import { EventEmitter, once } from "node:events";
import net from "node:net";
import { virtualClock, type Clock } from "@lovage/foundation";
import type { ChannelModel } from "amqplib";
import { expect, onTestFinished, test } from "vitest";
import { AmqpSession } from "./amqp-session.ts";

/** A connection of the client over a real socket, to a server that reads nothing. */
class Model extends EventEmitter {
  readonly connection: { readonly stream: net.Socket; heartbeat?: number };
  readonly opening = Promise.withResolvers<EventEmitter>();

  constructor(stream: net.Socket) {
    super();
    this.connection = { stream };
  }

  async createChannel(): Promise<EventEmitter> {
    return await this.opening.promise;
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

async function open(): Promise<{ readonly model: Model; readonly socket: net.Socket }> {
  const far: net.Socket[] = [];
  const server = net.createServer((end) => void far.push(end.on("error", () => {}).pause()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const socket = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  onTestFinished(() => {
    for (const end of [socket, ...far]) end.destroy();
    server.close();
  });
  return { model: new Model(socket), socket };
}

test("a socket that cannot be written to, since the peer is silent, goes all the same when the connection has ended", async () => {
  const clock = virtualClock();
  const { model, socket } = await open();
  const session = new AmqpSession({ model: model as unknown as ChannelModel, where: "broker:5672" }, clock, 10_000);
  socket.write(Buffer.alloc(64 * 1024 * 1024));
  model.emit("close", new Error("Heartbeat timeout"));
  expect(session.ended.aborted).toBe(true);
  const closed = once(socket, "close");
  await clock.advance(1_000);
  await closed;
  expect(clock.pending).toBe(0);
});

test("a channel that is opened after nobody waits for it any more is closed", async () => {
  const clock = virtualClock();
  const { model } = await open();
  const session = new AmqpSession({ model: model as unknown as ChannelModel, where: "broker:5672" }, clock, 10_000);
  const channel = session.channel();
  channel.catch(() => {});
  await clock.advance(10_000);
  await expect(channel).rejects.toMatchObject({ kind: "unavailable" });
  let closings = 0;
  const late = Object.assign(new EventEmitter(), { close: async () => await Promise.resolve((closings += 1)) });
  model.opening.resolve(late);
  await clock.advance(0);
  expect(closings).toBe(1);
  await session.close(0);
});

test("a standstill is as long as the heartbeat that was agreed on: a server that asks for a shorter one gives up sooner", async () => {
  const base = virtualClock();
  let stoodStillMs = 0;
  const timer: Clock["timer"] = (...args) => base.timer(...args);
  const deadline: Clock["deadline"] = (...args) => base.deadline(...args);
  const clock = { timer, deadline, monotonic: () => stoodStillMs } as Clock;
  const { model } = await open();
  model.connection.heartbeat = 3;
  const session = new AmqpSession({ model: model as unknown as ChannelModel, where: "broker:5672" }, clock, 10_000);
  stoodStillMs = 9_000;
  expect(session.standstills).toBe(1);
  await session.close(0);
});

test("an answer that came while the event loop was blocked for longer than it may take is no silence", async () => {
  const base = virtualClock();
  const deadline: Clock["deadline"] = (...args) => base.deadline(...args);
  const due: (() => void)[] = [];
  const timer: Clock["timer"] = (_, callback, options) => {
    if (options === undefined) due.push(callback);
    return { cancel: () => {} };
  };
  const clock = { timer, deadline, monotonic: () => 0 } as Clock;
  const { model } = await open();
  const session = new AmqpSession({ model: model as unknown as ChannelModel, where: "broker:5672" }, clock, 10_000);
  const answer = Promise.withResolvers<string>();
  const asked = session.answer(answer.promise, "settling deliveries");
  asked.catch(() => {});
  // Overdue timers run before sockets are read.
  due.shift()?.();
  answer.resolve("ok");
  await expect(asked).resolves.toBe("ok");
  await session.close(0);
});
