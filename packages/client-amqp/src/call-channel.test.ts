import { EventEmitter } from "node:events";
import { virtualClock } from "@lovage/foundation";
import type { Channel } from "amqplib";
import { expect, test } from "vitest";
import { AmqpError } from "./amqp-error.ts";
import type { AmqpLink } from "./amqp-link.ts";
import type { AmqpSession } from "./amqp-session.ts";
import { CallChannel } from "./call-channel.ts";

const unanswered = new AmqpError("no answer within 10000 ms", { kind: "unavailable" });

/** A session that lives, and counts its channels. */
class Scene {
  readonly opened: EventEmitter[] = [];
  readonly closed: unknown[] = [];
  isBlocked = false;

  get calls(): CallChannel {
    const session = {
      ended: new AbortController().signal,
      channel: async () => {
        const channel = new EventEmitter();
        this.opened.push(channel);
        return await Promise.resolve(channel);
      },
      answer: async (promise: Promise<unknown>) => await promise,
      closeChannel: async (channel: unknown) => {
        this.closed.push(channel);
        await Promise.resolve();
      },
    };
    Object.defineProperty(session, "isBlocked", { get: () => this.isBlocked });
    const nextSession = async (): Promise<AmqpSession> => await Promise.resolve(session as unknown as AmqpSession);
    return new CallChannel({ state: "open", nextSession } as unknown as AmqpLink);
  }
}

const stuck = async (): Promise<never> => await Promise.reject(unanswered);
const unwritable = async (): Promise<never> => await Promise.reject(new TypeError("Field 'exchange' is too long"));
const usedBy = async (channel: Channel): Promise<Channel> => await Promise.resolve(channel);

test("a call without an answer is nobody else's: the next one goes over another channel", async () => {
  const scene = new Scene();
  const { calls } = scene;
  await expect(calls.call("declaring", stuck)).rejects.toBe(unanswered);
  expect(await calls.call("counting", usedBy)).toBe(scene.opened[1]);
  expect(scene.closed).toEqual([scene.opened[0]]);
});

test("a call that the client cannot write is nobody else's either: the channel waits for an answer that does not come", async () => {
  const scene = new Scene();
  const { calls } = scene;
  await expect(calls.call("looking", unwritable)).rejects.toThrow("too long");
  expect(await calls.call("counting", usedBy)).toBe(scene.opened[1]);
  expect(scene.closed).toEqual([scene.opened[0]]);
});

test("while the server reads nothing, no call opens a channel that would wait as well", async () => {
  const scene = new Scene();
  const { calls } = scene;
  scene.isBlocked = true;
  await expect(calls.call("declaring", stuck)).rejects.toBe(unanswered);
  expect(await calls.call("counting", usedBy)).toBe(scene.opened[0]);
  expect([scene.opened.length, scene.closed]).toEqual([1, []]);
});

test("with the broker away all calls fail together, and not one after the other", async () => {
  const clock = virtualClock();
  const away = new AmqpError("RabbitMQ is away", { kind: "unavailable" });
  const nextSession = async (): Promise<never> => {
    await clock.sleep(10_000);
    throw away;
  };
  const calls = new CallChannel({ state: "reconnecting", nextSession } as unknown as AmqpLink);
  const outcomes: unknown[] = [];
  for (const what of ["one", "two", "three"]) calls.call(what, usedBy).catch((error: unknown) => outcomes.push(error));
  await clock.advance(10_000);
  expect(outcomes).toEqual([away, away, away]);
});
