import { EventEmitter } from "node:events";
import type { AmqpLink, AmqpSession, CallChannel } from "@lovage/client-amqp";
import { silentLog, virtualClock } from "@lovage/foundation";
import type { OutgoingMessage } from "@lovage/transport";
import { expect, test } from "vitest";

import type { DeclaredTopology } from "./declared-topology.ts";
import type { Delays } from "./delays.ts";
import { Publisher } from "./publisher.ts";

type Confirm = (error: Error | null) => void;

interface Address {
  readonly exchange: string;
  readonly routingKey: string;
}

/** A channel whose broker the test is. */
class FakeChannel extends EventEmitter {
  readonly sent: Address[] = [];
  readonly confirms: Confirm[] = [];

  sendMessage({ exchange, routingKey }: Address): boolean {
    this.sent.push({ exchange, routingKey });
    return true;
  }

  pushConfirmCallback(confirm: Confirm): void {
    this.confirms.push(confirm);
  }

  /** No queue takes the latest message. */
  return(messageId: string): void {
    this.emit("return", { fields: this.sent.at(-1), properties: { messageId } });
    this.confirms.at(-1)?.(null);
  }
}

class Scene {
  readonly clock = virtualClock();
  readonly channels: FakeChannel[] = [];
  readonly redeclared: string[] = [];
  /** Declaring again waits for it. */
  declared: Promise<void> = Promise.resolve();
  readonly publisher: Publisher;

  constructor() {
    const redeclare = async (name: string): Promise<void> => {
      await this.declared;
      this.redeclared.push(name);
    };
    this.publisher = new Publisher({
      link: { state: "open", session: undefined } as unknown as AmqpLink,
      calls: {} as CallChannel,
      topology: {
        require: () => {},
        hasExchange: () => true,
        redeclare,
        redeclareExchange: redeclare,
      } as unknown as DeclaredTopology,
      delays: { forget: () => {}, forgetQueue: () => {} } as unknown as Delays,
      clock: this.clock,
      log: silentLog,
      limits: { maxMessageBytes: 1_024, delayHorizonMs: Infinity },
    });
    this.publisher.use({
      ended: new AbortController().signal,
      isBlocked: false,
      onBlocked: () => {},
      confirmChannel: async () => {
        const channel = new FakeChannel();
        this.channels.push(channel);
        return await Promise.resolve(channel);
      },
    } as unknown as AmqpSession);
  }

  /** Publishes one message; gives the code of what it failed by, or "accepted". */
  async publish(messageId: string, to: OutgoingMessage["to"], timeoutMs = 30_000): Promise<unknown> {
    const properties = { messageId, contentType: "application/json", contentEncoding: "utf-8" };
    try {
      await this.publisher.publish([{ to, properties, headers: {}, body: Buffer.from("[]") }], { timeoutMs });
      return "accepted";
    } catch (error) {
      return (error as { readonly code: unknown }).code;
    }
  }
}

test("what nobody waits for any more is not sent again once its queue has been made again", async () => {
  const scene = new Scene();
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.declared = promise;
  const outcome = scene.publish("one", "mail", 1_000);
  await scene.clock.advance(0);
  scene.channels[0]?.return("one");
  await scene.clock.advance(1_000);
  expect(await outcome).toBe("PUBLISH_TIMEOUT");
  resolve();
  await scene.clock.advance(0);
  expect([scene.redeclared, scene.channels[0]?.sent.length]).toEqual([["mail"], 1]);
  scene.publisher.close();
});

test("an exchange that was declared and may be gone, since it cost the channel, is made again before the next message", async () => {
  const scene = new Scene();
  const to = { exchange: "events", routingKey: "created" };
  const first = scene.publish("one", to);
  await scene.clock.advance(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.declared = promise;
  scene.channels[0]?.emit("error", new Error('Channel closed by server: 404 (NOT-FOUND) with message "no exchange"'));
  scene.channels[0]?.emit("close");
  expect(await first).toBe("PUBLISH_UNCERTAIN");
  await scene.clock.advance(1_000);
  const second = scene.publish("two", to);
  await scene.clock.advance(0);
  expect(scene.channels[1]?.sent).toEqual([]);
  resolve();
  await scene.clock.advance(0);
  scene.channels[1]?.confirms[0]?.(null);
  expect([await second, scene.redeclared]).toEqual(["accepted", ["events"]]);
  scene.publisher.close();
  expect(scene.clock.pending).toBe(0);
});
